"""A golden run: every item asked as often as wanted, judged by the same judges as production, and decided."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from assay.judges.metrics import worst_claim
from assay.judges.schema import Claim, ClaimVerdict, Outcome, Scored
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
from assay.worker.golden.results.usage import total_spent
from assay.worker.golden.runs.concurrency import limit_of, map_bounded
from assay.worker.golden.runs.deferral import Deferral, is_deferred
from assay.worker.golden.runs.journal import Journal
from assay.worker.golden.runs.judgement import SampleEvaluator, judged_twice
from assay.worker.golden.sets.golden_set import GoldenSet, item_sample
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.targets import GoldenTarget, TargetFailure, TargetResponse

Targets = GoldenTarget | Sequence[GoldenTarget]
"""Where a run's answers come from: one target, or one for each repeat in turn."""


@dataclass(frozen=True)
class RunPlan:
    """How a run is made.

    `limit` is shared by everything that runs at the same time. `deadline` is on the loop's clock. `part` names the
    side in the journal, from which answers that were already judged are taken. `deferral` says where the judge's
    calls go.
    """

    limit: asyncio.Semaphore
    repeats: int = 1
    deadline: float | None = None
    run_id: str = ""
    part: str = "candidate"
    journal: Journal = field(default_factory=Journal)
    on_done: Callable[[ItemResult | AnchorResult], None] = lambda _: None
    deferral: Deferral = field(default_factory=Deferral)


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
            result = await _answered(item, repeat, targets, plan)
            if not result.is_settled:
                result = await _judged(result, item, golden, evaluator, plan)
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
        judged_by=plan.deferral.judged_by,
    )


async def ask_side(golden: GoldenSet, side: Targets | GoldenRun, plan: RunPlan) -> None:
    """Ask for all answers of a side and keep them, before the first one is judged: then one batch takes them all."""
    if isinstance(side, GoldenRun):
        return
    targets = list(side) if isinstance(side, Sequence) else [side]

    async def ask(wanted: tuple[int, GoldenItem]) -> None:
        repeat, item = wanted
        if plan.journal.item(plan.part, item.id, repeat) is None:
            await _answered(item, repeat, targets, plan)

    asks = [(repeat, item) for repeat in range(plan.repeats) for item in golden.items]
    await map_bounded(ask, asks, limit=plan.limit, deadline=plan.deadline)


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
        statuses, item = result.judgements or (result.status,), wanted[result.id]
        further = [
            await _judged(result, item, golden, evaluator, plan, number=number)
            for number in range(len(statuses), JUDGEMENTS_TO_CONFIRM)
        ]
        if any(is_deferred(judged.outcome) for judged in further):
            return result
        statuses += tuple(judged.status for judged in further)
        spent = sum((judged.judging for judged in further), result.judging)
        confirmed = result.model_copy(update={"judgements": statuses, "spent": spent})
        plan.journal.keep(plan.part, confirmed)
        return confirmed

    judged_again = await map_bounded(again, failed, limit=plan.limit, deadline=plan.deadline)
    confirmed = {(result.id, result.repeat): result for result in judged_again if result is not None}
    items = tuple(confirmed.get((result.id, result.repeat), result) for result in run.items)
    spent = total_spent(result.judging for result in items)
    return run.model_copy(update={"items": items, "usage": spent.usage, "cost_usd": spent.cost_usd})


def _unasked(repeat: int, item: GoldenItem) -> ItemResult:
    """What stands for an answer that the whole run's time did not suffice for."""
    why = ("not run: the time of the whole run was up",)
    return _unanswered(item).model_copy(update={"repeat": repeat, "reasons": why})


def _unanswered(item: GoldenItem) -> ItemResult:
    """The result of an item before anything came back."""
    return ItemResult(id=item.id, status=ItemStatus.MISSING, tags=item.tags, source_id=item.source_id)


async def _answered(item: GoldenItem, repeat: int, targets: Sequence[GoldenTarget], plan: RunPlan) -> ItemResult:
    """What came of asking the target once, before a judge saw it. An answer that was kept is not asked for again."""
    kept = plan.journal.answer(plan.part, item.id, repeat)
    if kept is not None:
        return kept
    result = await _asked(item, targets[repeat % len(targets)])
    result = result.model_copy(update={"repeat": repeat})
    if plan.deferral.judged_by == "batch":
        plan.journal.keep_answer(plan.part, result)
    return result


async def _asked(item: GoldenItem, target: GoldenTarget) -> ItemResult:
    """The target's answer, decided where that needs no judge."""
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
    return result


async def _judged(
    result: ItemResult,
    item: GoldenItem,
    golden: GoldenSet,
    evaluator: SampleEvaluator,
    plan: RunPlan,
    *,
    number: int = 0,
) -> ItemResult:
    """The result after its answer was judged; a judge that fails is asked once more, as in production.

    `number` says which judgement of this very answer it is.
    """
    contexts = item.contexts if result.contexts is None else result.contexts
    sample = item_sample(item, response=result.response or "", contexts=contexts)
    name = f"{plan.part}/{item.id}/{result.repeat}/{number}"
    outcome, spent = await judged_twice(sample, evaluator, plan.deferral, name)
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
