"""What LangSmith's folder says of itself, and `assay doctor`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.settings import read_variables
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langsmith.factory import FACTORY, LangSmithSection, LangSmithVariables
from assay.worker.stores.langsmith.store import LangSmithStore
from tests.servers.langsmith.server import LangSmithServer
from tests.servers.langsmith.settings import LangSmithSettings
from tests.unit.worker.stores.langsmith.making import asked, fill, run


def context(tmp_path: Path) -> StoreContext:
    return StoreContext(home=tmp_path, data_dir=tmp_path, limits=MemoryLimits(), embedded_kind="sqlite")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.smith.langchain.com", "https://api.smith.langchain.com"),
        ("https://ls.example/api/v1/", "https://ls.example"),
        ("https://user:pw@ls.example/api", "https://ls.example"),
    ],
)
def test_address_is_without_login_and_path(monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    monkeypatch.setenv("LANGSMITH_ENDPOINT", given)
    assert read_variables(LangSmithVariables).langsmith_endpoint == expected


def test_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LANGSMITH_API_KEY"):
        FACTORY.open(LangSmithSection(), LangSmithVariables(), context(tmp_path))


def test_new_deployment_begins_with_the_sdks_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGCHAIN_API_KEY", "k")
    monkeypatch.setenv("LANGSMITH_PROJECT", "bot")
    variables = read_variables(LangSmithVariables)
    assert FACTORY.is_chosen(variables)
    assert "store: {kind: langsmith, project: bot}" in FACTORY.first_lines(FACTORY.first_section(variables), "")


async def checks(store: LangSmithStore) -> list[Check]:
    return [check async for check in store.examine(Examination(excluded=("e2e",), write=True))]


def test_doctor_tells_project_query_and_environments() -> None:
    now = datetime.now(UTC) - timedelta(hours=1)
    with LangSmithServer() as server:
        fill(server, run(start=now, extra={"metadata": {"environment": "prod"}}))
        told = asked(server, checks)
    assert [check.status for check in told] == ["ok", "ok", "warn"]
    assert "/api/v2/runs/query" in told[0].message
    assert told[1].message == "prod 1; never judged: e2e, assay"


def test_doctor_warns_of_the_older_query_and_of_silence() -> None:
    with LangSmithServer(LangSmithSettings(generation="older")) as server:
        fill(server, run(start=datetime.now(UTC) - timedelta(days=9)))
        told = asked(server, checks)
    assert [check.status for check in told] == ["warn", "warn", "warn"]
    assert "2027" in told[0].message


def test_doctor_says_what_to_check_when_there_is_no_project() -> None:
    with LangSmithServer() as server:
        (told,) = asked(server, checks)
    assert (told.status, told.is_configuration) == ("fail", True)


def test_budget_is_what_one_minute_allows() -> None:
    with LangSmithServer() as server:
        budget = asked(server, lambda store: store.request_budget())
    assert (budget.traces_per_request, budget.scores_per_request) == (20, 1)
