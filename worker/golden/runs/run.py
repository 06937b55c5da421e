"""A golden run: every item asked as often as wanted, judged by the same judges as production, and decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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
from assay.judges.metrics import worst_claim
from assay.judges.models.call_context import calling_for
from assay.judges.schema import Claim, ClaimVerdict, Failed, Outcome, Sample, Scored
from assay.judges.text.reasoning import without_reasoning
from assay.worker.golden.results.item_status import (
    REASONING_SHOWN,
    ItemStatus,
    decide,
    has_text,
    lost_context,
    shows_reasoning,
)
from assay.worker.golden.results.judge_models import models_served
from assay.worker.golden.results.run_result import JUDGEMENTS_TO_CONFIRM, AnchorResult, GoldenRun, ItemResult
from assay.worker.golden.results.usage import Spent, spent_on, total_spent
from assay.worker.golden.runs.concurrency import limit_of, map_bounded
from assay.worker.golden.runs.journal import Journal
from assay.worker.golden.sets.golden_set import GoldenSet, item_sample
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.targets import GoldenTarget, TargetFailure, TargetResponse

_MAY_PASS = {
    error.__name__ for error in (RateLimited, ModelTimeout, ModelUnavailable, InvalidVerdict, IncompleteVerdict)
}

LONGEST_HELD_S = 600.0
"""How long one judgement is held in all before it counts as failed, in seconds. The run may end it sooner."""

LONGEST_LOOK_S = 30.0
"""How long it waits at most before it looks whether it still is held, in seconds."""

Targets = GoldenTarget | Sequence[GoldenTarget]
"""Where a run's answers come from: one target, or one for each repeat in turn."""


class SampleEvaluator(Protocol):
    """What a run needs of `assay.judges.evaluate.Evaluator`."""

    @property
    def revision(self) -> str:
        """sha256 over everything that could change a verdict."""
        ...

    async def evaluate(self, sample: Sample) -> Outcome:
        """Judge one sample; a failure is an outcome, not an exception."""
        ...


@dataclass(frozen=True)
class RunPlan:
    """How a run is made.

    `limit` is shared by everything that runs at the same time. `deadline` is on the loop's clock. `part` names the
    side in the journal, from which answers that were already judged are taken.
    """

    limit: asyncio.Semaphore
    repeats: int = 1
    deadline: float | None = None
    run_id: str = ""
    part: str = "candidate"
    journal: Journal = field(default_factory=Journal)
    on_done: Callable[[ItemResult | AnchorResult], None] = lambda _: None


async def run_golden(
    golden: GoldenSet,
    target: Targets,
    evaluator: SampleEvaluator,
    *,
    plan: RunPlan | None = None,
    concurrency: int = 1,
) -> GoldenRun:
    """Ask the target every item, judge the answers and decide.

    Args:
        golden: a set that was held against its lock (`load_golden_set`).
        target: where the answers come from, or one for each repeat in turn; stays open.
        evaluator: built from `golden.rubric`.
        plan: how the run is made.
        concurrency: answers in flight where there is no plan.

    Raises:
        ConfigurationError: from the judge; all items would fail.
    """
    plan = plan or RunPlan(limit_of(concurrency))
    targets = list(target) if isinstance(target, Sequence) else [target]
    started = datetime.now(UTC)

    async def answer(ask: tuple[int, GoldenItem]) -> ItemResult:
        repeat, item = ask
        result = plan.journal.item(plan.part, item.id, repeat)
        if result is None:
            result = await _run_item(item, golden, targets[repeat % len(targets)], evaluator)
            result = result.model_copy(update={"repeat": repeat})
            plan.journal.keep(plan.part, result)
        plan.on_done(result)
        return result

    asks = [(repeat, item) for repeat in range(plan.repeats) for item in golden.items]
    answers = await map_bounded(answer, asks, limit=plan.limit, deadline=plan.deadline)
    results = [result or _unasked(*ask) for ask, result in zip(asks, answers, strict=True)]
    clusters = golden.clusters
    results = [result.model_copy(update={"cluster": clusters[result.id]}) for result in results]
    spent = total_spent(result.judging for result in results)
    return GoldenRun(
        run_id=plan.run_id,
        golden_set=golden.name,
        set_digest=golden.digest,
        rubric=golden.rubric.name,
        rubric_hash=golden.rubric.content_hash(),
        revision=evaluator.revision,
        target=targets[0].name,
        repeats=plan.repeats,
        started=started,
        finished=datetime.now(UTC),
        timed_out=None in answers,
        items=tuple(results),
        usage=spent.usage,
        cost_usd=spent.cost_usd,
        models_served=models_served(result.outcome for result in results),
    )


async def run_side(
    golden: GoldenSet, side: Targets | GoldenRun, evaluator: SampleEvaluator, plan: RunPlan
) -> GoldenRun:
    """The run of one side of a gate: made now, with the targets closed afterwards, or taken as it was made before."""
    if isinstance(side, GoldenRun):
        return side
    try:
        return await run_golden(golden, side, evaluator, plan=plan)
    finally:
        for target in side if isinstance(side, Sequence) else (side,):
            await target.close()


async def confirm_failures(
    run: GoldenRun, golden: GoldenSet, evaluator: SampleEvaluator, names: Iterable[str], plan: RunPlan
) -> GoldenRun:
    """The run after the failed answers to these items were judged twice more.

    A failure that needed no judge (an empty answer, lost evidence, forbidden words) comes out the same each time. The
    first status stays what the statistics count.
    """
    wanted = {item.id: item for item in golden.items if item.id in set(names)}
    failed = [result for result in run.items if result.id in wanted and result.status is ItemStatus.FAILED]

    async def again(result: ItemResult) -> ItemResult:
        statuses, spent = list(result.judgements or (result.status,)), result.judging
        while len(statuses) < JUDGEMENTS_TO_CONFIRM:
            judged = await _judged(result, wanted[result.id], golden, evaluator)
            statuses, spent = [*statuses, judged.status], spent + judged.judging
        confirmed = result.model_copy(update={"judgements": tuple(statuses), "spent": spent})
        plan.journal.keep(plan.part, confirmed)
        return confirmed

    judged_again = await map_bounded(again, failed, limit=plan.limit, deadline=plan.deadline)
    confirmed = {(result.id, result.repeat): result for result in judged_again if result is not None}
    items = tuple(confirmed.get((result.id, result.repeat), result) for result in run.items)
    spent = total_spent(result.judging for result in items)
    return run.model_copy(update={"items": items, "usage": spent.usage, "cost_usd": spent.cost_usd})


async def judged_twice(sample: Sample, evaluator: SampleEvaluator) -> tuple[Outcome, Spent]:
    """The outcome of a judgement, tried once more where it failed and may go better, and what all tries took.

    Raises:
        ConfigurationError: from the judge; every sample would fail.
    """
    outcome = await _outcome_of(sample, evaluator)
    spent = spent_on(outcome)
    if isinstance(outcome, Failed) and outcome.error in _MAY_PASS:
        outcome = await _outcome_of(sample, evaluator)
        spent += spent_on(outcome)
    return outcome, spent


async def _outcome_of(sample: Sample, evaluator: SampleEvaluator) -> Outcome:
    """One try, which waits where a limit or a breaker lets no call go: it was none. Its calls go before traffic."""
    with calling_for(purpose="golden"):
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
            person waited for, who has to mend a key or an account.
    """
    if not isinstance(outcome, Failed) or outcome.held not in {"limit", "breaker"} or outcome.usage.calls:
        return None
    return min(outcome.retry_after_s or LONGEST_LOOK_S, LONGEST_LOOK_S)


async def _tried(sample: Sample, evaluator: SampleEvaluator) -> Outcome:
    """An error of the judge's is an outcome like any other failure, with what it had spent."""
    try:
        return await evaluator.evaluate(sample)
    except ConfigurationError:
        raise
    except EvaluationError as exc:
        return Failed(error=type(exc).__name__, message=str(exc), usage=exc.usage, cost_usd=exc.cost_usd)


def _unasked(repeat: int, item: GoldenItem) -> ItemResult:
    """What stands for an answer that the whole run's time did not suffice for."""
    why = ("not run: the time of the whole run was up",)
    return _unanswered(item).model_copy(update={"repeat": repeat, "reasons": why})


def _unanswered(item: GoldenItem) -> ItemResult:
    """The result of an item before anything came back."""
    return ItemResult(id=item.id, status=ItemStatus.MISSING, tags=item.tags, source_id=item.source_id)


async def _run_item(
    item: GoldenItem, golden: GoldenSet, target: GoldenTarget, evaluator: SampleEvaluator
) -> ItemResult:
    """One item from question to decision."""
    result = _unanswered(item)
    try:
        reply = await target.respond(item)
    except TargetFailure as exc:
        return result.model_copy(update={"reasons": (f"target failed: {exc.reason}: {exc.detail}",)})
    answer = {"response": reply.response, "contexts": reply.contexts}
    result = result.model_copy(update={**answer, "target_latency_s": reply.latency_s, "target_tokens": reply.tokens})
    lacks = _fails_unjudged(item, reply)
    if lacks:
        judgements = (ItemStatus.FAILED,) * JUDGEMENTS_TO_CONFIRM
        return result.model_copy(update={"status": ItemStatus.FAILED, "reasons": lacks, "judgements": judgements})
    return await _judged(result, item, golden, evaluator)


async def _judged(result: ItemResult, item: GoldenItem, golden: GoldenSet, evaluator: SampleEvaluator) -> ItemResult:
    """The result after its answer was judged; a judge that fails is asked once more, as in production."""
    contexts = item.contexts if result.contexts is None else result.contexts
    sample = item_sample(item, response=result.response or "", contexts=contexts)
    outcome, spent = await judged_twice(sample, evaluator)
    return _decided(result.model_copy(update={"spent": spent}), item, outcome, golden)


def _fails_unjudged(item: GoldenItem, reply: TargetResponse) -> tuple[str, ...]:
    """Reasons that need no judge: the application said nothing, showed its reasoning, or lost the evidence."""
    if not without_reasoning(reply.response).strip():
        return ("reasoning and no answer" if reply.response.strip() else "empty response",)
    if shows_reasoning(reply.response):
        return (REASONING_SHOWN,)
    lost = reply.contexts is not None and has_text(item.contexts) and not has_text(reply.contexts)
    return lost_context()[1] if lost and item.expect == "answer" else ()


def _decided(result: ItemResult, item: GoldenItem, outcome: Outcome, golden: GoldenSet) -> ItemResult:
    status, reasons = decide(item, result.response or "", outcome, golden.manifest)
    update: dict[str, object] = {"status": status, "reasons": reasons, "outcome": outcome}
    if isinstance(outcome, Scored):
        update |= {"scores": outcome.scores, "state": outcome.state.value, "worst_claim": _wrong_claim(outcome)}
    return result.model_copy(update=update)


def _wrong_claim(outcome: Scored) -> Claim | None:
    """The worst claim, unless the evidence supports it: the one that the score's comment names, too."""
    worst = worst_claim(outcome.verdict) if outcome.verdict is not None else None
    return None if worst is None or worst.verdict is ClaimVerdict.SUPPORTED else worst
