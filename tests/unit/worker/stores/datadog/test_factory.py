"""What Datadog's folder says of itself, and `assay doctor`."""

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
from assay.worker.stores.datadog.factory import FACTORY, DatadogSection, DatadogVariables
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.server import DatadogServer
from tests.servers.datadog.settings import DatadogSettings
from tests.unit.worker.stores.datadog.making import asked, fill, span


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("datadoghq.eu", "datadoghq.eu"),
        ("https://app.datadoghq.eu/llm/traces", "datadoghq.eu"),
        ("us5.datadoghq.com", "us5.datadoghq.com"),
    ],
)
def test_site_is_bare(monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    monkeypatch.setenv("DD_SITE", given)
    assert read_variables(DatadogVariables).dd_site == expected


def test_missing_keys_and_application_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_API_KEY", "k")
    context = StoreContext(home=tmp_path, data_dir=tmp_path, limits=MemoryLimits(), embedded_kind="sqlite")
    with pytest.raises(ConfigurationError, match="DD_APP_KEY and DD_LLMOBS_ML_APP"):
        FACTORY.open(DatadogSection(), read_variables(DatadogVariables), context)


def test_api_key_alone_does_not_choose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DD_API_KEY", "k")
    assert not FACTORY.is_chosen(read_variables(DatadogVariables))
    monkeypatch.setenv("DD_APPLICATION_KEY", "k")
    monkeypatch.setenv("DD_LLMOBS_ML_APP", "bot")
    variables = read_variables(DatadogVariables)
    assert FACTORY.is_chosen(variables)
    assert "store: {kind: datadog, ml_app: bot}" in FACTORY.first_lines(FACTORY.first_section(variables), "")


async def checks(store: DatadogStore) -> list[Check]:
    return [check async for check in store.examine(Examination(excluded=("e2e",), write=True))]


def test_doctor_tells_application_and_environments() -> None:
    with DatadogServer() as server:
        fill(server, span(start=datetime.now(UTC) - timedelta(hours=1), tags=["env:prod"]))
        told = asked(server, checks)
    assert [check.status for check in told] == ["ok", "ok", "warn"]
    assert told[1].message == "prod 1; never judged: e2e, assay"


def test_doctor_warns_of_searches_that_find_nothing_and_of_silence() -> None:
    with DatadogServer(DatadogSettings(takes_words=False)) as server:
        fill(server, span(start=datetime.now(UTC) - timedelta(hours=1)))
        assert asked(server, checks)[0].status == "warn"
    with DatadogServer() as server:
        assert [check.status for check in asked(server, checks)] == ["ok", "warn", "warn"]


def test_doctor_says_what_to_check_when_keys_are_wrong() -> None:
    with DatadogServer() as server:

        async def use(store: DatadogStore) -> list[Check]:
            server.settings = DatadogSettings(app_key="another")
            return await checks(store)

        (told,) = asked(server, use)
    assert (told.status, told.is_configuration) == ("fail", True)


def test_budget_and_project_are_what_one_expects() -> None:
    with DatadogServer() as server:
        budget = asked(server, lambda store: store.request_budget())
        assert asked(server, lambda store: store.project_id()) == "datadoghq.test/contract-bot"
    assert (budget.traces_per_request, budget.scores_per_request) == (25, 500)
