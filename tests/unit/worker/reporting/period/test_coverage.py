"""What became of traces: what ended is the record's, what is on its way the ledger's, and unknown is not 0."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from assay.worker.ports.state import StateUnavailable
from assay.worker.records.ledger import LedgerState, count_key
from assay.worker.records.windows import WindowRecord
from assay.worker.reporting.period.coverage import NO_LEDGER, Ledger, read_coverage
from assay.worker.reporting.period.words import coverage_words, gap_words
from tests.unit.worker.reporting.period.history_rows import START, WEEK, a_row, record_of

BOT = ("bot", "grounding")


class Counts:
    """A ledger's counts and windows; or one that does not answer."""

    def __init__(self, *, is_there: bool = True, scored: int = 1) -> None:
        self.is_there, self.scored = is_there, scored

    async def counts(self, *_: Any) -> dict[tuple[str, str, LedgerState, str], int]:
        if not self.is_there:
            raise StateUnavailable("Redis does not answer")
        return {
            ("bot", "grounding", LedgerState.OPEN, ""): 3,
            ("bot", "grounding", LedgerState.SCORED, "judged"): self.scored,
            ("bot", "grounding", LedgerState.SKIPPED, "no_response"): 1,
            ("new", "grounding", LedgerState.OPEN, ""): 1,
        }

    async def between(self, start: datetime, end: datetime) -> list[WindowRecord]:
        if not start <= START < end:
            return []
        window = {"start": START, "end": START, "seen": {"bot": 50}, "not_selected": {count_key(*BOT): 45}}
        return [WindowRecord.model_validate(window)]


def read(counts: Counts | None, **query: Any) -> tuple[Any, str]:
    async def run() -> tuple[Any, str]:
        reader = await record_of(a_row(1), a_row(2, state="skipped", reason="no_response", revision=None))
        ledger = None if counts is None else Ledger(counts, counts)  # type: ignore[arg-type]  # as much as is asked
        asked = WEEK.model_copy(update=query)
        return await read_coverage(await reader.counts(asked), asked, ledger)

    return asyncio.run(run())


def test_ended_and_open_traces_make_the_selected() -> None:
    coverage, note = read(Counts())
    assert note == ""
    assert coverage_words(coverage[BOT]) == (
        "50 seen, 45 not taken, 5 selected: 1 scored, 1 skipped, 0 dead, 3 in flight"
    )
    assert coverage["new", "grounding"].in_flight == 1
    assert gap_words(coverage[BOT]) == ""


@pytest.mark.parametrize(("scored", "words"), [(8, "the record lacks 7 traces"), (0, "the record has 1 more")])
def test_what_record_and_ledger_count_differently_is_told(scored: int, words: str) -> None:
    coverage, _ = read(Counts(scored=scored))
    assert words in gap_words(coverage[BOT])


def test_a_part_of_a_day_is_not_held_against_counts_of_whole_days() -> None:
    swept_later = START - timedelta(hours=2)
    for part in ({"since": START - timedelta(hours=1)}, {"since": START - timedelta(days=1), "until": swept_later}):
        coverage, _ = read(Counts(scored=8), **part)
        is_whole = part.get("until") == swept_later  # no window of that day begins later
        assert (coverage[BOT].ledger_ended is not None) is is_whole


def test_without_an_answer_of_the_ledger_it_is_not_known() -> None:
    for counts in (None, Counts(is_there=False)):
        coverage, note = read(counts)
        assert note == NO_LEDGER
        assert coverage_words(coverage[BOT]) == "2 selected: 1 scored, 1 skipped, 0 dead, in flight not known"


def test_only_what_was_asked_for_is_counted() -> None:
    coverage, _ = read(Counts(), use_cases=("bot",))
    assert set(coverage) == {BOT}
