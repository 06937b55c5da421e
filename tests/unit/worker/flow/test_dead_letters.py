"""Dead letters: counted, replayed and dismissed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges import errors
from assay.worker.flow import dead_letters
from assay.worker.flow.dead_letters import DeadSummary
from assay.worker.records.dead_letters import DeadChoice
from assay.worker.records.ledger import LedgerState
from assay.worker.reporting.dead_reasons import remedy_of
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def look(line: Line, *, limit: int = 100, **choice: object) -> DeadSummary:
    chosen = DeadChoice.model_validate(choice)
    return asyncio.run(dead_letters.look_through(line.state.dead_letters, chosen, limit=limit))


def test_work_that_grows_too_old_is_parked_and_can_be_replayed() -> None:
    line = Line(traces(1), lambda _: errors.ModelUnavailable("down"))
    line.assess()
    line.clock.moment += timedelta(hours=7)
    line.assess()
    assert line.counts() == {(S.DEAD, "ModelUnavailable"): 1}
    letters = look(line).oldest
    assert asyncio.run(dead_letters.replay(line.state.ledger, line.clock, letters)) == 1
    line.judge.plan = supported
    assert len(line.reconcile()) == 1
    line.assess(owner="m2")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 1}


def test_a_replay_twice_changes_nothing_more() -> None:
    line = Line(traces(40), lambda _: errors.ConfigurationError("a file"))
    line.assess()
    letters = look(line).oldest
    assert [asyncio.run(dead_letters.replay(line.state.ledger, line.clock, letters)) for _ in range(2)] == [40, 0]
    assert line.counts() == {(S.OPEN, "replayed"): 40}


def test_dismissed_dead_letter_counts_as_skipped_with_its_reason() -> None:
    line = Line(traces(1), lambda _: errors.ConfigurationError("a file"))
    line.assess()
    letters = look(line, trace_ids=["t0"]).oldest
    assert asyncio.run(dead_letters.drop(line.state.ledger, line.clock, letters)) == 1
    assert line.counts() == {(S.SKIPPED, "dismissed:ConfigurationError"): 1}


def test_all_are_counted_and_few_are_kept() -> None:
    line = Line(traces(30), lambda _: errors.ConfigurationError("a file"))
    line.assess()
    seen = look(line, limit=3)
    assert (seen.total, len(seen.oldest)) == (30, 3)
    assert [(count.reason, count.rubric, count.letters) for count in seen.counts] == [
        ("ConfigurationError", "grounding", 30)
    ]
    assert look(line, reason="poison").total == 0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("poison", "report it"),
        ("ModelUnavailable", "replay"),
        ("StoreUnavailable", "replay"),
        ("KeyError", "report it"),
        ("ModelAccessDenied", "mend key"),
    ],
)
def test_each_reason_says_what_to_do(reason: str, words: str) -> None:
    assert words in remedy_of(reason)
