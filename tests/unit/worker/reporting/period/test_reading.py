"""The report out of the record: what is said of each revision, of each value and of the period before."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.coverage import NO_LEDGER
from assay.worker.reporting.period.reading import MOST_VALUES, PeriodReader
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.statistics.judge_error import JudgeLabels
from tests.unit.worker.reporting.period.history_rows import (
    REVISION,
    START,
    WEEK,
    a_row,
    a_week,
    read,
    record_of,
)

OTHER = "f" * 64
LAST_WEEK = START - timedelta(days=7)


def only_row(*rows: object, **options: object) -> RevisionReport:
    (case,) = read(*rows, **options).use_cases  # type: ignore[arg-type]
    (row,) = case.revisions
    return row


def test_headline_counts_and_bounds() -> None:
    report = read(*a_week(600))
    (case,) = report.use_cases
    (row,) = case.revisions
    assert row.rates.problem_share is not None
    assert 0.1 < row.rates.problem_share.low < row.rates.problem_share.value < row.rates.problem_share.high < 0.3
    assert case.coverage.ended == 600
    assert sum(row.unanswered.values()) == sum(case.coverage.dead.values()) > 0
    assert row.rates.bounds is not None
    assert row.rates.n == sum(row.states.values()) == sum(case.coverage.scored.values())
    assert sum(day.n for day in row.days) == row.rates.n
    assert [day.day for day in row.days] == [(START + timedelta(days=at)).date() for at in range(7)]
    assert len(row.worst) == 5
    assert report.notes == (NO_LEDGER,)
    assert case.coverage.in_flight is None


def test_revisions_are_never_pooled() -> None:
    (case,) = read(*a_week(300), *a_week(200, first=1_000, revision=OTHER)).use_cases
    assert [row.revision for row in case.revisions] == [REVISION, OTHER]
    assert sum(row.rates.n for row in case.revisions) == sum(case.coverage.scored.values())
    assert case.revisions[0].worst != case.revisions[1].worst


def test_an_uncalibrated_risk_is_no_expected_share() -> None:
    row = only_row(*a_week(100, calibrated=False))
    assert row.rates.problem_share is None
    assert "not every risk here comes from a calibration" in row.warnings[0]
    assert all(day.rate is not None for day in row.days)


@pytest.mark.parametrize(("then", "word"), [(0.02, "worse"), (0.1, "no change shown"), (0.4, "better")])
def test_the_period_before_is_tested(then: float, word: str) -> None:
    def around(risk: float, number: int) -> float:
        return risk * (0.5 + number % 11 / 10)

    now = [a_row(number, risk=around(0.1, number)) for number in range(200)]
    earlier = [
        a_row(number, risk=around(then, number), started_at=LAST_WEEK + timedelta(hours=number % 168))
        for number in range(1_000, 1_200)
    ]
    before = only_row(*now, *earlier).before
    assert before is not None
    assert (before.word, before.measure, before.n) == (word, "problem_share", 200)
    assert before.change is not None
    assert before.smallest is not None
    assert before.smallest > 0
    assert (before.change.low > 0 or before.change.high < 0) is (word != "no change shown")


def test_another_revision_is_not_compared() -> None:
    earlier = a_week(50, start=LAST_WEEK, first=1_000, revision=OTHER)
    before = only_row(*a_week(50), *earlier).before
    assert before is not None
    assert before.word == "not compared"
    assert OTHER[:12] in before.note
    nothing = only_row(*a_week(50)).before
    assert nothing is not None
    assert nothing.note == "nothing was scored then"


def test_values_of_a_fact_have_rates_of_their_own() -> None:
    rows = [a_row(number, release=f"v{number % 30}") for number in range(300)] + [a_row(999, release=None)]
    split = only_row(*rows, by="release").split
    assert split is not None
    assert len(split.values) == MOST_VALUES
    assert (split.others, split.other_values) == (101, 11)
    assert sum(value.rates.n for value in split.values) + split.others == 301


def test_the_unknown_value_is_told_as_unknown() -> None:
    rows = [a_row(number, environment=None if number % 2 else "production") for number in range(40)]
    split = only_row(*rows, by="environment").split
    assert split is not None
    assert {value.value: value.rates.n for value in split.values} == {None: 20, "production": 20}


def test_a_use_case_without_a_verdict_is_shown() -> None:
    (case,) = read(a_row(1, state="dead", reason="judge_error", revision=None, risk=None)).use_cases
    assert case.coverage.dead == {"judge_error": 1}
    assert all(row.rates.n == 0 for row in case.revisions)


def test_labels_of_the_same_judge_give_the_corrected_figure() -> None:
    def labels(rubric: str, revision: str, cut: float) -> JudgeLabels | None:
        assert (rubric, revision, cut) == ("grounding", REVISION, 0.5)
        return JudgeLabels(positives=80, caught=60, negatives=80, passed=72)

    row = only_row(*a_week(400), labels_of=labels)
    assert row.rates.corrected is not None
    assert row.rates.corrected.share is not None


def test_the_json_meets_its_schema() -> None:
    schema = json.loads((Path(__file__).parents[5] / "docs/report.schema.json").read_text(encoding="utf-8"))
    data = json.loads(read(*a_week(60), by="tag").model_dump_json())
    jsonschema.validate(data, schema)
    assert data["schema"] == 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "schema": 2}, schema)


def test_only_what_was_asked_for_is_read() -> None:
    async def run() -> list[str]:
        reader = await record_of(*a_week(20), *a_week(20, first=100, use_case="contracts"))
        query = HistoryQuery(since=WEEK.since, until=WEEK.until, use_cases=("contracts",))
        return [case.use_case for case in (await PeriodReader(reader, cuts={}).read(query)).use_cases]

    assert asyncio.run(run()) == ["contracts"]
