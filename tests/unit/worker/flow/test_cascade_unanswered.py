"""Escalated traces that no later tier answers: they are no score, and the rate is not biased for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.errors import InvalidVerdict, ModelRefused, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.schema import Sample, Tier, Verdict
from assay.worker.records.ledger import LedgerState
from tests.builders import make_trace
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.flow.test_cascade_report import N, Named, make_rubric, number, report, says, told

RUBRIC = make_rubric(audit_share=0.2)


def judged(error: Exception | None, *, silent: int, rounds: int = 1) -> Line:
    """The screen is unsure of every fifth trace, and the model flags all of these: .20 of the traffic.

    Of the traces whose number can be divided by `silent` it answers none.
    """
    line = Line([make_trace(f"t-{n}", output={"answer": f"The bridge {n} was opened in 1932."}) for n in range(N)])

    def model(sample: Sample) -> Verdict | Exception:
        if error is not None and number(sample) % silent == 0:
            return error
        return says("llm", Tier.LLM, sample, 0.9 if number(sample) % 5 == 0 else 0.1)

    screen = Named("local", lambda s: says("local", Tier.SCREEN, s, 0.3 if number(s) % 5 == 0 else 0.01))
    line.evaluator = Evaluator(RUBRIC, Cascade([CascadeTier(screen), CascadeTier(Named("llm", model))], RUBRIC))
    for _ in range(rounds):
        line.assess()
        line.clock.moment += timedelta(hours=1)
    line.record()
    line.verify()
    return line


@pytest.mark.parametrize(
    ("error", "rounds", "state"),
    [
        (ModelRefused("no"), 1, LedgerState.SKIPPED),
        (UnjudgeableSample("too_long_for_model"), 1, LedgerState.SKIPPED),
        (InvalidVerdict("prose"), 2, LedgerState.DEAD),
    ],
)
def test_who_answered_stands_for_who_did_not_and_the_lost_are_told(
    error: Exception, rounds: int, state: LedgerState
) -> None:
    line = judged(error, silent=20, rounds=rounds)
    entries = asyncio.run(line.state.ledger.entries("grounding", [f"t-{n}" for n in range(N)]))
    lost = {key for key, entry in entries.items() if entry.state is state}
    assert lost == {f"t-{n}" for n in range(0, N, 20)}, "a quarter of the escalated"
    row = report(line, RUBRIC)
    assert row.rates.n == N - len(lost)
    assert row.cascade is not None
    assert (row.cascade.unanswered, row.cascade.escalated) == (20, 80)
    assert sum(row.unanswered.values()) == 20
    assert row.rates.flagged is not None
    assert row.rates.flagged.value == pytest.approx(0.20), "not 60 of 380"
    whole = report(judged(None, silent=20), RUBRIC)
    assert whole.rates.flagged is not None
    assert whole.rates.flagged.value == pytest.approx(0.20)
    assert "20 not answered by the tier they needed" in told(row)


def test_without_any_answer_to_what_was_escalated_no_rate_is_claimed() -> None:
    row = report(judged(ModelRefused("no"), silent=5), RUBRIC)
    assert row.cascade is not None
    assert row.cascade.unanswered == 80
    assert row.rates.flagged is None


def test_trace_that_is_answered_in_the_end_is_counted_once() -> None:
    line = judged(InvalidVerdict("prose"), silent=20)
    assert line.evaluator is not None
    waiting = report(line, RUBRIC).cascade
    assert waiting is not None
    assert waiting.unanswered == 0, "what is tried again is in flight, not lost"
    answered = judged(None, silent=20).evaluator
    line.evaluator = answered
    line.assess()
    line.record()
    line.verify()
    row = report(line, RUBRIC)
    assert row.rates.n == N
    assert row.cascade is not None
    assert row.cascade.unanswered == 0
