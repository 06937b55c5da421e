"""Scores of a rubric's own: told with their intervals, while what has no risk is told of none."""

from __future__ import annotations

from typing import Any

from assay.worker.records.history import HistoryRow
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.reporting.period.words import rate_lines
from tests.unit.worker.reporting.period.history_rows import a_row, read

NO_RISK: dict[str, Any] = {"risk": None, "faithfulness": None, "groundedness": None, "calibrated": None}


def tone_of(number: int, **fields: Any) -> HistoryRow:
    """An answer with a number, a word and a count of its own, and without a risk."""
    scores = {"tone": 0.5 + 0.4 * (number % 2), "label": "good" if number % 4 else "poor", "length": 100.0 + number}
    return a_row(number, **(NO_RISK | {"rubric": "tone", "scores": scores} | fields))


def only(*rows: HistoryRow) -> RevisionReport:
    (case,) = read(*rows).use_cases
    (row,) = case.revisions
    return row


def test_numbers_and_words_have_intervals() -> None:
    row = only(*(tone_of(number) for number in range(60)))
    scores = {score.name: score for score in row.scores}
    assert set(scores) == {"tone", "label", "length"}
    tone, length, good = scores["tone"].mean, scores["length"].mean, scores["label"].shares["good"]
    assert tone is not None
    assert length is not None
    assert good is not None
    assert 0.6 < tone.low < tone.value < tone.high < 0.8
    assert length.low < length.value == 129.5 < length.high
    assert 0.6 < good.low < good.value == 0.75 < good.high
    assert [line.label for line in rate_lines(row)] == ["refusals", "score label", "score length", "score tone"]


def test_they_are_weighted_and_without_what_feedback_added() -> None:
    rows = [tone_of(number, pi=0.01, scores={"tone": 0.0}) for number in range(20)]
    rows += [tone_of(number, pi=1.0, scores={"tone": 1.0}) for number in range(100, 120)]
    rows += [tone_of(number, stratum="feedback", sample="boost", scores={"tone": 1.0}) for number in range(200, 260)]
    (tone,) = only(*rows).scores
    assert tone.n == 40
    assert tone.mean is not None
    assert tone.mean.value < 0.02


def test_what_has_no_risk_is_flagged_in_no_share() -> None:
    rates = only(*(tone_of(number) for number in range(60))).rates
    assert (rates.flagged, rates.flagged_of_all) == (None, None)


def test_one_session_tells_no_interval_and_its_n() -> None:
    row = only(*(tone_of(number, session_id="s1") for number in range(9)))
    tone = next(line for line in rate_lines(row) if line.label == "score tone")
    assert tone.text == "n=9, no interval: one session alone"


def test_a_rubric_without_own_scores_has_none() -> None:
    assert only(*map(a_row, range(9))).scores == ()
