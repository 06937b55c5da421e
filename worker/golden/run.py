"""A golden run: every item asked, judged by the same judges as production, and decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from judges.errors import ConfigurationError, EvaluationError
from judges.rubric import first_problem
from judges.schema import Claim, Outcome, Record, Sample, Scored, Usage, Verdict
from worker.golden.bounded import map_bounded
from worker.golden.decide import ItemStatus, decide, has_text, lost_context, worst_claim
from worker.golden.goldenset import GoldenSet, GoldenSetError, item_sample
from worker.golden.schema import GoldenItem
from worker.golden.targets import GoldenTarget, TargetFailure, TargetResponse
from worker.statistics.intervals import Estimate
from worker.statistics.weighted import hajek_share


class SampleEvaluator(Protocol):
    """What a run needs of `judges.evaluate.Evaluator`."""

    @property
    def revision(self) -> str:
        """sha256 over everything that could change a verdict."""
        ...

    async def evaluate(self, sample: Sample) -> Outcome:
        """Judge one sample; a failure is an outcome, not an exception."""
        ...


class ItemResult(Record):
    """What became of one item, with everything needed to show why.

    `contexts` are what the target itself returned as evidence; None where the declared ones were used.
    """

    id: str
    status: ItemStatus
    reasons: tuple[str, ...] = ()
    scores: dict[str, float] = Field(default_factory=dict)
    state: str | None = None
    worst_claim: Claim | None = None
    response: str | None = None
    contexts: tuple[str, ...] | None = None
    outcome: Outcome | None = None
    target_latency_s: float | None = None
    tags: tuple[str, ...] = ()
    source_id: str | None = None


class GoldenRun(Record):
    """One run of a golden set against one target, as it is kept and compared.

    `cost_usd` is None where a judgement's price is unknown.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    golden_set: str
    set_digest: str
    rubric: str
    rubric_hash: str
    revision: str
    target: str
    started: AwareDatetime
    finished: AwareDatetime
    items: tuple[ItemResult, ...]
    usage: Usage = Usage()
    cost_usd: float | None = None
    models_served: tuple[str, ...] = ()

    def count(self, status: ItemStatus) -> int:
        """How many items ended so."""
        return sum(item.status is status for item in self.items)

    @property
    def missing(self) -> int:
        """Items without an answer or a judgement."""
        return self.count(ItemStatus.MISSING)

    @property
    def completed(self) -> int:
        """Items that were answered and judged."""
        return len(self.items) - self.missing

    def pass_rate(self) -> Estimate | None:
        """Share of passed among completed items, clustered by source where every item names one.

        None where it cannot be estimated. Missing items are not in it; the gate looks at them apart.
        """
        done = [item for item in self.items if item.status is not ItemStatus.MISSING]
        sources = [item.source_id for item in done]
        return hajek_share(
            [item.status is ItemStatus.PASSED for item in done],
            [1.0] * len(done),
            clusters=None if None in sources else sources,
        )


async def run_golden(
    golden: GoldenSet,
    target: GoldenTarget,
    evaluator: SampleEvaluator,
    *,
    concurrency: int,
    on_item: Callable[[ItemResult], None] | None = None,
) -> GoldenRun:
    """Ask the target every item, judge the answers and decide.

    Args:
        golden: a set that was held against its lock (`load_golden_set`).
        target: where the answers come from; stays open.
        evaluator: built from `golden.rubric`.
        concurrency: items in flight.
        on_item: called as each item is done, for progress.

    Raises:
        ConfigurationError: from the judge; all items would fail.
    """
    started = datetime.now(UTC)

    async def one(item: GoldenItem) -> ItemResult:
        result = await _run_item(item, golden, target, evaluator)
        if on_item is not None:
            on_item(result)
        return result

    results = await map_bounded(one, golden.items, concurrency=concurrency)
    verdicts = verdicts_of(result.outcome for result in results)
    return GoldenRun(
        golden_set=golden.name,
        set_digest=golden.digest,
        rubric=golden.rubric.name,
        rubric_hash=golden.rubric.content_hash(),
        revision=evaluator.revision,
        target=target.name,
        started=started,
        finished=datetime.now(UTC),
        items=tuple(results),
        usage=sum((verdict.usage for verdict in verdicts), Usage()),
        cost_usd=total_cost([verdict.cost_usd for verdict in verdicts]),
        models_served=tuple(sorted({verdict.model_served for verdict in verdicts if verdict.model_served})),
    )


def read_run(path: Path) -> GoldenRun:
    """Read a run that was written as JSON.

    Raises:
        GoldenSetError: the file cannot be read or is no run of this version.
    """
    try:
        return GoldenRun.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise GoldenSetError(path, "file", f"cannot be read ({exc.strerror or exc})") from exc
    except ValidationError as exc:
        key, problem = first_problem(exc)
        raise GoldenSetError(path, key, f"{problem}; write the file with `assay golden run --out`") from exc


def verdicts_of(outcomes: Iterable[Outcome | None]) -> list[Verdict]:
    """The verdicts behind those outcomes that have one."""
    return [outcome.verdict for outcome in outcomes if isinstance(outcome, Scored) and outcome.verdict is not None]


def total_cost(costs: list[float | None]) -> float | None:
    """Sum of costs; None as soon as one is unknown."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


async def _run_item(
    item: GoldenItem, golden: GoldenSet, target: GoldenTarget, evaluator: SampleEvaluator
) -> ItemResult:
    """One item from question to decision."""
    result = ItemResult(id=item.id, status=ItemStatus.MISSING, tags=item.tags, source_id=item.source_id)
    try:
        reply = await target.respond(item)
    except TargetFailure as exc:
        return result.model_copy(update={"reasons": (f"target failed: {exc.reason}: {exc.detail}",)})
    told = {"response": reply.response, "contexts": reply.contexts, "target_latency_s": reply.latency_s}
    result = result.model_copy(update=told)
    lacks = _fails_unjudged(item, reply)
    if lacks:
        return result.model_copy(update={"status": ItemStatus.FAILED, "reasons": lacks})
    contexts = item.contexts if reply.contexts is None else reply.contexts
    try:
        outcome = await evaluator.evaluate(item_sample(item, response=reply.response, contexts=contexts))
    except ConfigurationError:
        raise
    except EvaluationError as exc:
        return result.model_copy(update={"reasons": (f"judge failed: {type(exc).__name__}: {exc}",)})
    return _decided(result, item, outcome, golden)


def _fails_unjudged(item: GoldenItem, reply: TargetResponse) -> tuple[str, ...]:
    """Reasons that need no judge: the application itself said nothing, or lost the evidence."""
    if not reply.response.strip():
        return ("empty response",)
    lost = reply.contexts is not None and has_text(item.contexts) and not has_text(reply.contexts)
    return lost_context()[1] if lost and item.expect == "answer" else ()


def _decided(result: ItemResult, item: GoldenItem, outcome: Outcome, golden: GoldenSet) -> ItemResult:
    status, reasons = decide(item, result.response or "", outcome, golden.manifest)
    update: dict[str, object] = {"status": status, "reasons": reasons, "outcome": outcome}
    if isinstance(outcome, Scored):
        update |= {"scores": outcome.scores, "state": outcome.state.value, "worst_claim": worst_claim(outcome)}
    return result.model_copy(update=update)
