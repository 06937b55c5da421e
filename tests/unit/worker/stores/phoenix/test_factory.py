"""Phoenix's own variables, a section of assay.yaml, and how both make a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import read_variables
from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.phoenix.factory import FACTORY, PhoenixSection, PhoenixVariables


def variables(monkeypatch: pytest.MonkeyPatch, **given: str) -> PhoenixVariables:
    for name in ("ENDPOINT", "COLLECTOR_ENDPOINT", "HOST", "PORT", "API_KEY", "PROJECT", "PROJECT_NAME"):
        monkeypatch.delenv(f"PHOENIX_{name}", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return read_variables(PhoenixVariables)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://localhost:6006"),
        ({"PHOENIX_PORT": "7000"}, "http://localhost:7000"),
        ({"PHOENIX_ENDPOINT": "https://app.phoenix.arize.com/s/team"}, "https://app.phoenix.arize.com/s/team"),
        ({"PHOENIX_COLLECTOR_ENDPOINT": "https://p.example/v1/traces"}, "https://p.example"),
        ({"PHOENIX_ENDPOINT": "http://a:1/", "PHOENIX_COLLECTOR_ENDPOINT": "http://b:2"}, "http://a:1"),
        ({"PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": "7000"}, "http://127.0.0.1:7000"),
        ({"PHOENIX_HOST": "phoenix:80"}, "http://phoenix:80"),
        ({"PHOENIX_ENDPOINT": "https://user:pass@p.example"}, "https://p.example"),
    ],
    ids=str,
)
def test_server_is_named_as_phoenixs_own_client_does(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    assert variables(monkeypatch, **given).base_url == url


def opened(section: PhoenixSection, given: PhoenixVariables, home: Path) -> Any:
    context = StoreContext(home=home, data_dir=home, limits=MemoryLimits(), embedded_kind="embedded")
    return FACTORY.open(section, given, context)


def test_project_of_the_section_counts_before_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = variables(monkeypatch, PHOENIX_PROJECT_NAME="theirs")
    assert opened(PhoenixSection(), given, tmp_path).client.project == "theirs"
    assert opened(PhoenixSection(project="mine"), given, tmp_path).client.project == "mine"
    assert opened(PhoenixSection(), variables(monkeypatch), tmp_path).client.project == "default"


@pytest.mark.parametrize("project", ["", " ", "team/bot", "a?b", "a#b"])
def test_project_that_fits_no_path_is_refused(project: str) -> None:
    with pytest.raises(ValidationError):
        PhoenixSection(project=project)


def test_address_that_is_none_is_refused_by_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PHOENIX_ENDPOINT"):
        opened(PhoenixSection(), variables(monkeypatch, PHOENIX_ENDPOINT="ftp://p.example"), tmp_path)


def test_store_is_chosen_where_a_server_or_a_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not FACTORY.is_chosen(variables(monkeypatch))
    assert FACTORY.is_chosen(variables(monkeypatch, PHOENIX_API_KEY="k"))
    assert FACTORY.is_chosen(variables(monkeypatch, PHOENIX_COLLECTOR_ENDPOINT="http://p:6006"))


def test_first_lines_are_a_section_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    section = FACTORY.first_section(variables(monkeypatch, PHOENIX_PROJECT="bot"))
    written = yaml.safe_load("\n".join(FACTORY.first_lines(section, "")))
    assert written == {"store": {"kind": "phoenix", "project": "bot"}}
