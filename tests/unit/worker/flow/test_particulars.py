"""What a ledger entry keeps for the record: facts, where to look, and what all tries took, however the trace ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.judges.errors import ModelTimeout
from assay.judges.schema import Usage
from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.records.ledger import LedgerState
from assay.worker.records.particulars import Spent
from tests.builders import make_trace
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line

ORIGIN = Origin("sqlite", "p")


def test_judged_trace_keeps_facts_and_where_the_worst_claim_stands() -> None:
    line = Line([make_trace("t0", release="7", session_id="s1")])
    line.assess()
    entry = line.entry()
    assert entry.state is LedgerState.JUDGED
    facts, note = entry.particulars.facts, entry.particulars.note
    assert facts is not None
    assert note is not None
    assert (facts.release, facts.session_id, facts.passages) == ("7", "s1", 1)
    assert note.kind == "supported"
    assert note.span is not None
    assert entry.particulars.spent is not None


def test_trace_that_no_judge_can_judge_keeps_its_facts() -> None:
    line = Line([make_trace("t0", release="7", output=None)])
    line.assess()
    entry = line.entry()
    assert (entry.state, entry.reason) == (LedgerState.SKIPPED, "no_response")
    row = row_of(entry, ORIGIN)
    assert (row.release, row.judge_calls, row.judge_cost_usd) == ("7", 0, 0.0)


def test_trace_that_the_store_never_showed_took_nothing() -> None:
    line = Line([make_trace("t0")])
    line.store.traces.clear()
    line.assess()
    line.clock.moment += timedelta(hours=1)
    line.assess()
    entry = line.entry()
    assert (entry.state, entry.reason) == (LedgerState.SKIPPED, "trace_not_found")
    assert entry.particulars.spent == Spent()
    assert entry.particulars.facts is None


@pytest.mark.parametrize(("cost", "known"), [(0.002, True), (None, False)])
def test_dead_letter_tells_what_all_its_tries_took(cost: float | None, known: bool) -> None:
    """A price that nobody knows is not 0: then the sum is not known either."""

    def fails(_: Any) -> Any:
        error = ModelTimeout("too late")
        error.usage = Usage(calls=2, prompt_tokens=100, completion_tokens=10)
        error.cost_usd = cost
        raise error

    line = Line([make_trace("t0")], fails)
    for _ in range(30):
        if line.entry().state is LedgerState.DEAD:
            break
        line.assess()
        line.clock.moment += timedelta(minutes=20)
    entry = line.entry()
    assert entry.state is LedgerState.DEAD
    row = row_of(entry, ORIGIN)
    tries = row.attempts + 1
    assert tries > 1
    assert (row.judge_calls, row.judge_input_tokens) == (2 * tries, 100 * tries)
    assert row.judge_cost_usd == (pytest.approx(0.002 * tries) if known else None)
    assert row.passages == 1


def test_score_costs_what_failed_tries_before_it_took_too() -> None:
    tries = 0

    def fails_once(sample: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            error = ModelTimeout("too late")
            error.usage, error.cost_usd = Usage(calls=1, prompt_tokens=50), 0.01
            raise error
        return supported(sample)

    line = Line([make_trace("t0")], fails_once)
    line.assess()
    line.clock.moment += timedelta(minutes=20)
    line.assess()
    entry = line.entry()
    assert entry.state is LedgerState.JUDGED
    spent = entry.particulars.spent
    assert spent is not None
    assert (spent.calls >= 1, spent.input_tokens >= 50) == (True, True)
