"""What is read of a deployment without Redis, and what is said to be missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, load_settings
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.launch.broker import Broker
from assay.worker.serving.figures import Figures
from assay.worker.serving.reading import AskedAnswer, DeploymentReader
from assay.worker.wiring.history import open_record
from tests.unit.worker.golden.report.test_page import summary
from tests.unit.worker.reporting.period.history_rows import REVISION, a_week

NOWHERE = SecretStr("redis://:hunter2@127.0.0.1:1/0")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with a week in its record and two golden runs."""
    home = tmp_path_factory.mktemp("serve")
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")

    async def fill() -> None:
        record = open_record(settings(home), ConfigRoot(path=home))
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        await record.writer.write(list(a_week(200, start=today - timedelta(days=7))))
        await record.close()

    asyncio.run(fill())
    runs = RunStore(home / ".assay", "mtrag-v1")
    runs.path.mkdir(parents=True)
    for day in (1, 8):
        runs._add(summary(day))
    return home


def settings(home: Path, redis_url: SecretStr | None = NOWHERE) -> Settings:
    return load_settings().model_copy(update={"data_dir": home / ".assay", "redis_url": redis_url})


def test_a_dead_redis_costs_its_own_parts_alone(home: Path) -> None:
    told: list[Figures] = []
    figures = DeploymentReader(settings(home), ConfigRoot(path=home), days=8).figures(told.append)
    assert [(each.awaited, each.report is None, each.cost is None) for each in told] == [
        (("rates", "spend", "objectives"), True, True),
        (("spend", "objectives"), False, True),
        (("objectives",), False, False),
    ]
    assert [len(each.golden) for each in told] == [1, 1, 1]
    assert figures.awaited == ()
    assert figures.report is not None
    (case,) = figures.report.use_cases
    assert case.coverage.ended == 200
    assert figures.cost is not None
    assert figures.objectives is not None
    assert (figures.alerts, figures.funnel) == (None, None)
    (golden,) = figures.golden
    assert (golden.name, golden.runs) == ("mtrag-v1", 2)
    assert golden.chart is not None
    (missing,) = figures.missing
    assert "Redis at" in missing
    assert "does not answer" in missing
    assert "hunter2" not in missing


def test_a_redis_that_answers_tells_the_rest(home: Path, broker: Broker, key_prefix: str) -> None:
    given = settings(home, SecretStr(broker.url)).model_copy(update={"key_prefix": key_prefix})
    figures = DeploymentReader(given, ConfigRoot(path=home), days=8).figures()
    assert figures.missing == ()
    assert figures.funnel is not None
    assert figures.alerts is not None
    assert "never evaluated" in figures.alerts.warning
    assert figures.report is not None
    assert figures.report.use_cases[0].coverage.in_flight == 0


def test_where_no_fleet_runs_none_is_started(home: Path) -> None:
    figures = DeploymentReader(settings(home, None), ConfigRoot(path=home), days=8).figures()
    assert any("no fleet runs on this machine" in words for words in figures.missing)
    assert not (home / ".assay" / "valkey.sock").exists()


def test_a_database_that_is_away_is_told_in_words(home: Path, tmp_path: Path) -> None:
    away = settings(tmp_path).model_copy(
        update={"database_url": SecretStr("postgresql://user:secret@127.0.0.1:1/assay")}
    )
    figures = DeploymentReader(away, ConfigRoot(path=home), days=8).figures()
    assert figures.report is None
    assert any(words.startswith("rates could not be read") for words in figures.missing)
    assert "secret" not in " ".join(figures.missing)


def test_an_empty_record_is_empty_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")
    figures = DeploymentReader(settings(tmp_path), ConfigRoot(path=tmp_path), days=7).figures()
    assert figures.report is not None
    assert figures.report.use_cases == ()
    assert len(figures.missing) == 1


def test_only_answers_of_the_report_are_read(home: Path) -> None:
    reader = DeploymentReader(settings(home), ConfigRoot(path=home), days=8)
    report = reader.figures().report
    assert report is not None
    assert reader.answer(report, AskedAnswer("bot", "grounding", REVISION, "trace-none", "")) is None
    worst = report.use_cases[0].revisions[0].worst[0]
    answer = reader.answer(report, AskedAnswer("bot", "grounding", REVISION, worst.trace_id, ""))
    assert answer is not None
    assert answer.response == ""
    assert answer.note
