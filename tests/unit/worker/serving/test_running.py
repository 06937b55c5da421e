"""What keeps the page from beginning: an open address without a token, and a token that can be guessed."""

from __future__ import annotations

import socket

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import Settings, load_settings
from assay.worker.serving.headers import is_loopback, is_own_host
from assay.worker.serving.running import check_entrance, listening


def settings(**changes: object) -> Settings:
    return load_settings().model_copy(update=changes)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "fleet.example.org", ""])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigurationError, match="ASSAY_SERVE_TOKEN"):
        check_entrance(settings(serve_host=host))
    check_entrance(settings(serve_host=host, serve_token=SecretStr("x" * 16)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_alone_needs_none(host: str) -> None:
    check_entrance(settings(serve_host=host))
    assert is_loopback(host)


def test_a_short_token_is_refused_and_never_shown() -> None:
    with pytest.raises(ConfigurationError, match="shorter than 16") as refused:
        check_entrance(settings(serve_token=SecretStr("hunter2")))
    assert "hunter2" not in str(refused.value)


def test_a_port_that_is_taken_is_said_with_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError, match="ASSAY_SERVE_PORT"):
        listening(settings(serve_port=taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("header", "is_own"),
    [
        ("localhost", True),
        ("LOCALHOST:8484", True),
        ("127.0.0.1:8484", True),
        ("[::1]:8484", True),
        ("localhost.evil.org", False),
        ("127.0.0.1.nip.io:8484", False),
        ("", False),
        ("[", False),
    ],
)
def test_names_of_this_machine(header: str, is_own: bool) -> None:
    assert is_own_host(header) is is_own
