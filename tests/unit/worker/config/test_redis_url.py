"""The broker's address in the forms that redis-py and Celery take, and nothing of its password in any message."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kombu.utils.url import url_to_parts
from redis.asyncio.connection import parse_url

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_url import celery_url, parse_redis_url, required_redis_url
from assay.worker.config.settings import Settings, load_settings
from assay.worker.config.shown_settings import shown_settings
from assay.worker.launch.broker import BrokerUnreachable, open_broker
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.connection import RedisConnection


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h:6379/2", "redis://h:6379/2"),
        ("redis://h", "redis://h/0"),
        ("redis://h:6379?db=2", "redis://h:6379/2"),
        ("redis://h:6379/2?db=2", "redis://h:6379/2"),
        ("redis://[::1]:6379/1", "redis://[::1]:6379/1"),
        ("rediss://u:p@h/0?ssl_cert_reqs=none", "rediss://u:p@h/0?ssl_cert_reqs=none"),
        ("rediss://h", "rediss://h/0?ssl_cert_reqs=required"),
        ("redis://h/0?username=u&password=p%2Fq", "redis://u:p%2Fq@h/0"),
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
        ("unix://:pw@/run/v.sock?db=3", "redis+socket://:pw@/run/v.sock?virtual_host=3"),
        ("redis+socket:///run/v.sock?virtual_host=4", "redis+socket:///run/v.sock?virtual_host=4"),
        (" redis://h:6379/0\n", "redis://h:6379/0"),
    ],
)
def test_celery_reads_every_form(url: str, expected: str) -> None:
    assert celery_url(url) == expected
    assert celery_url(parse_redis_url(url).client_url) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is no Redis URL; write redis://host:6379/0"),
        ("localhost:6379", "is no Redis URL"),
        ("http://h/0", "is no Redis URL"),
        ('"redis://h:6379/0"', "stands in quotes; remove them"),
        ("valkey://h:6379/0", "for Valkey, too, write redis://host"),
        ("sentinel://h:26379/0", "Redis Sentinel is not supported; name one server that stays the primary"),
        ("redis+sentinel://h:26379/mymaster", "Redis Sentinel is not supported"),
        ("redis+cluster://h:6379/0", "Redis Cluster is not supported"),
        ("redis://h:6379/zero", "host, port or database cannot be read"),
        ("redis://h:99999/0", "host, port or database cannot be read"),
        ("redis://h:6379/1?db=2", "names no database, or several"),
        ("redis://h:6379?db=two", "names no database, or several"),
        ("redis://h:6379/0?protocol=3", "an option that Assay sets itself or that Celery does not take"),
        ("redis://h:6379/0?foo=1", "only db, username, password, ssl_cert_reqs, ssl_check_hostname, ssl_ca_certs"),
        ("redis://h:6379/0?socket_timeout=5", "an option that Assay sets itself"),
        ("redis://h:6379/0?health_check_interval=5", "an option that Assay sets itself"),
        ("redis://h:6379/0?ssl_cert_reqs=none", "ssl_ options need TLS; write rediss://"),
        ("rediss://h:6379/0?ssl_cert_reqs=maybe", "ssl_cert_reqs: has a value that is not possible"),
        ("unix://run/v.sock", "names no socket"),
        ("unix:///run/v.sock?ssl_cert_reqs=none", "a socket has no TLS"),
        ("redis://:pass#word@h:6379/0", "percent-encode the password"),
        ("redis://h:6379/0#x", "percent-encode the password"),
    ],
)
def test_what_only_one_of_the_two_would_take_is_refused_with_a_remedy(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_redis_url(url)
    message = str(caught.value)
    assert message.startswith("environment: ASSAY_REDIS_URL: ")
    assert words in message
    assert "\n" not in message


def test_worker_without_an_address_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"ASSAY_REDIS_URL: not set; .*assay up"):
        required_redis_url(Settings())


def test_shown_address_holds_no_password() -> None:
    assert parse_redis_url("rediss://user:s3cret@h:6379/0?password=s3cret").shown == "rediss://h:6379/0"


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=4, max_size=24)


@given(PASSWORDS, st.sampled_from(["redis", "rediss"]), st.integers(0, 15))
def test_an_encoded_password_reaches_both_clients_whole(password: str, scheme: str, database: int) -> None:
    address = parse_redis_url(f"{scheme}://me:{quote(password, safe='')}@h.example:6380/{database}")
    client = parse_url(address.client_url)
    assert (client["username"], client["password"], client["db"]) == ("me", password, database)
    parts = url_to_parts(address.celery_url)
    assert (parts.username, parts.password, parts.path) == ("me", password, str(database))
    assert address.shown == f"{scheme}://h.example:6380/{database}"


FORMS = (
    *("redis://:{}@127.0.0.1:1/0", "redis://u:{}@h", "rediss://:{}@h:6379?ssl_cert_reqs=none", "redis://{}@h:6379/0"),
    *("redis://h:6379/0?password={}", "redis://:{}", "redis://:{}@", "{}", ":{}@h:6379", "redis:/:{}@h"),
    *('"redis://:{}@h"', "unix://:{}@/run/x.sock", "sentinel://:{}@h:26379/0", "redis://h:6379/x{}"),
    *("redis://h:{}x/0", "amqp://u:{}@h//"),
)
HOSTS = ("127.0.0.1", "redis", "rediss", "password", "host", "sentinel", "unix")


def pieces(password: str) -> set[str]:
    """Every four characters in a row of it that no message would hold anyway."""
    usual = " ".join(HOSTS) + REMEDIES
    runs = {password[at : at + 4] for at in range(len(password) - 3)}
    return {run for run in runs if run not in usual}


def refusal(url: str) -> str:
    try:
        return parse_redis_url(url).shown
    except ConfigurationError as exc:
        return str(exc)


REMEDIES = " ".join(
    refusal(url) for url in ("", '"', "valkey://h", "sentinel://h", "redis+cluster://h", "redis://", "redis://h/x#")
) + " ".join(
    refusal(url) for url in ("redis://h?x=1", "redis://h?db=x", "unix://", "redis://a/b@h", "redis://h?ssl_cert_reqs=none")
) + "unix:///run/x.sock?ssl_cert_reqs=none redis://h:6379/0 redis://127.0.0.1:1/0"  # fmt: skip


@given(PASSWORDS | st.from_regex(r"\A[A-Za-z0-9+/=#?@%\[\]:& '\"\\-]{6,24}\Z"), st.sampled_from(FORMS))
def test_no_part_of_a_password_is_in_any_message(password: str, form: str) -> None:
    # Without an @ of its own behind the password, what follows the password's own is the name of the host.
    assume("@" not in password or "{}@" in form)
    told = refusal(form.format(password))
    assert not [piece for piece in pieces(password) if piece in told], told


@given(st.from_regex(r"\A[A-Za-z0-9+/=#?@%\[\]:]{8,20}\Z"), st.sampled_from(FORMS[:2]))
def test_nor_in_what_an_unreachable_server_comes_to(password: str, form: str) -> None:
    def ping(url: str) -> None:
        raise StateUnavailable(f"Redis at {RedisConnection(url, prefix='x:')._address}: refused")

    with (
        pytest.raises((ConfigurationError, BrokerUnreachable)) as caught,
        open_broker(form.format(password), Path(), ping=ping),
    ):
        pass
    told = str(caught.value)
    assert not [piece for piece in pieces(password) if piece in told and piece not in "does not answer refused"], told


def test_settings_star_it_and_show_addresses_without_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_REDIS_URL", "redis://:Sup3rSecret@h/0")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:Sup3rSecret@judge.example/v1?key=Sup3rSecret")
    monkeypatch.setenv("ASSAY_GOLDEN_WEBHOOK_URL", "https://hooks.example/Sup3rSecret")
    values = {setting.variable: setting.value for setting in shown_settings(load_settings())}
    assert "Sup3rSecret" not in str(values)
    assert values["OPENAI_BASE_URL"] == "https://judge.example/v1"


@pytest.mark.parametrize(
    "url", ["https://me:Sup3r/Secret@h/v1", "http://me:Sup3r#Secret@h", "http://[Sup3rSecret", "Sup3rSecret"]
)
def test_a_web_address_that_cannot_be_read_is_refused_and_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL: is no web address; write") as caught:
        load_settings()
    assert "Sup3r" not in str(caught.value)
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", url)
    with pytest.raises(ConfigurationError, match="ASSAY_ENDPOINT_IN_HOUSE_URL: is no web address") as caught:
        load_settings().endpoint_variables("in-house")
    assert "Sup3r" not in str(caught.value)


@pytest.mark.parametrize("variable", ["", "/", "#", "?", "@", "[", "%", " ", "'", "é", "\\"])
def test_a_password_with_this_character_is_never_shown(variable: str) -> None:
    told = refusal(f"redis://:Sup3r{variable}Secret@h:6379/0")
    assert "Sup3r" not in told
    assert "Secret" not in told
