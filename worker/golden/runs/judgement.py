"""One judgement of a run: asked once more where it failed and may go better, and waited for where no call may go."""

from __future__ import annotations

import asyncio
from typing import Protocol

from assay.judges.errors import (
    ConfigurationError,
    EvaluationError,
    IncompleteVerdict,
    InvalidVerdict,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
)
from assay.judges.models.batches.deferral import CallDesk
from assay.judges.models.call_context import calling_for
from assay.judges.schema import Failed, Outcome, Sample
from assay.worker.golden.results.usage import Spent, spent_on
from assay.worker.golden.runs.deferral import Deferral

_MAY_PASS = {
    error.__name__ for error in (RateLimited, ModelTimeout, ModelUnavailable, InvalidVerdict, IncompleteVerdict)
}

LONGEST_HELD_S = 600.0
"""How long one judgement is held in all before it counts as failed, in seconds. The run may end it sooner."""

LONGEST_LOOK_S = 30.0
"""How long it waits at most before it looks whether it still is held, in seconds."""


class SampleEvaluator(Protocol):
    """What a run needs of `assay.judges.evaluate.Evaluator`."""

    @property
    def revision(self) -> str:
        """sha256 over everything that could change a verdict."""
        ...

    async def evaluate(self, sample: Sample) -> Outcome:
        """Judge one sample; a failure is an outcome, not an exception."""
        ...


async def judged_twice(
    sample: Sample, evaluator: SampleEvaluator, deferral: Deferral, name: str
) -> tuple[Outcome, Spent]:
    """The outcome of a judgement, tried once more where it failed and may go better, and what all tries took.

    Args:
        sample: what is judged.
        evaluator: who judges it.
        deferral: where the calls go. A second try is made at once: so the first one is read and paid once.
        name: of this judgement, as `Deferral` has it.

    Raises:
        ConfigurationError: from the judge; every sample would fail.
    """
    outcome = await _outcome_of(sample, evaluator, deferral.desk(name))
    deferral.note(name, outcome)
    spent = spent_on(outcome)
    if isinstance(outcome, Failed) and outcome.error in _MAY_PASS:
        outcome = await _outcome_of(sample, evaluator, None)
        spent += spent_on(outcome)
    return outcome, spent


async def _outcome_of(sample: Sample, evaluator: SampleEvaluator, desk: CallDesk | None) -> Outcome:
    """One try, which waits where a limit or a breaker lets no call go: it was none. Its calls go before traffic."""
    with calling_for(purpose="golden") as context:
        context.desk = desk
        waited_s = 0.0
        while True:
            outcome = await _tried(sample, evaluator)
            wait_s = held_for_s(outcome)
            if wait_s is None or waited_s + wait_s > LONGEST_HELD_S:
                return outcome
            await asyncio.sleep(wait_s)
            waited_s += wait_s


def held_for_s(outcome: Outcome) -> float | None:
    """Seconds after which an outcome that was held is worth another look.

    Returns:
        None: it was not held, or had cost something, or a budget is spent: that lasts until a day is over. Nor is a
            person waited for, who has to mend a key or an account, nor a batch.
    """
    if not isinstance(outcome, Failed) or outcome.usage.calls:
        return None
    wait_s = outcome.retry_after_s or LONGEST_LOOK_S
    if outcome.held == "batch" and wait_s < LONGEST_LOOK_S:  # its batch was just sent: the next one takes it
        return wait_s
    return min(wait_s, LONGEST_LOOK_S) if outcome.held in {"limit", "breaker"} else None


async def _tried(sample: Sample, evaluator: SampleEvaluator) -> Outcome:
    """An error of the judge's is an outcome like any other failure, with what it had spent."""
    try:
        return await evaluator.evaluate(sample)
    except ConfigurationError:
        raise
    except EvaluationError as exc:
        return Failed(error=type(exc).__name__, message=str(exc), usage=exc.usage, cost_usd=exc.cost_usd)
