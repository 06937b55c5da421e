"""Golden runs as experiments in the trace store: what `--experiment` publishes, and what every scheduled run does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from assay.judges.schema import Record
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.scheduling.scheduled_job import Show
from assay.worker.golden.sets.dataset import dataset_of
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.ports.datasets import WithDatasets
from assay.worker.ports.experiments import Experiment, ExperimentItem, ExperimentReport, WithExperiments
from assay.worker.stores.registry import factory_of
from assay.worker.wiring.stores import open_deployment_store, place_able_to


@runtime_checkable
class ExperimentStore(WithDatasets, WithExperiments, Protocol):
    """A store that keeps datasets and shows experiments over them."""


EXPERIMENTS = (WithDatasets, WithExperiments)
"""What a store needs to show experiments."""


def has_experiments(kind: str) -> bool:
    """Whether stores of this kind show experiments."""
    return set(EXPERIMENTS) <= set(factory_of(kind).capabilities)


class ShownRun(Record):
    """What can be seen of a run: one experiment for each repeat. `items_missing` are not in the dataset."""

    items_missing: tuple[str, ...]
    reports: tuple[ExperimentReport, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything can be seen."""
        return not self.items_missing and all(report.is_whole for report in self.reports)


async def publish_run(
    store: ExperimentStore,
    golden: GoldenSet,
    run: GoldenRun | GateResult,
    *,
    name: str | None = None,
    on_report: Callable[[ExperimentReport], None] = lambda _: None,
) -> ShownRun:
    """Publish a finished run, of a gate the candidate; publishing it again changes nothing.

    Args:
        store: where.
        golden: the set, which is pushed as a dataset first.
        run: the run.
        name: what the experiments are called before the run's id; the set's name if None.
        on_report: called after each experiment.

    Raises:
        ConfigurationError: the server has no experiments.
        StoreUnavailable, StoreRejected
    """
    pushed = await store.datasets.push(dataset_of(golden))
    items = {item.id: item for item in golden.items}
    base = f"{name or golden.name} {run.run_id}"
    reports = []
    for repeat, results in sorted(_by_repeat(run).items()):
        experiment = Experiment(
            name=base if run.repeats == 1 else f"{base} {repeat + 1}/{run.repeats}",
            dataset=pushed.dataset,
            dataset_id=pushed.dataset_id,
            started=run.started or datetime.now(UTC),
            items=tuple(_item_of(result, items[result.id]) for result in results),
            metadata=_metadata(golden, run),
            scores=_run_values(run, results),
        )
        reports.append(await store.experiments.publish(experiment))
        on_report(reports[-1])
    return ShownRun(items_missing=tuple(pushed.missing), reports=tuple(reports))


def experiments_of(root: ConfigRoot, settings: Settings) -> Show | None:
    """Shows scheduled runs as experiments where the deployment's trace store has such."""
    if not has_experiments(place_able_to(root.deployment(), EXPERIMENTS).config.kind):
        return None

    async def show(golden: GoldenSet, result: GoldenRun | GateResult) -> str:
        # A store of its own: a scheduled run has a loop of its own, and clients belong to one loop.
        rubrics = (golden.rubric,)
        store = open_deployment_store(root, root.deployment(), settings, rubrics=rubrics, able_to=EXPERIMENTS)
        try:
            if not isinstance(store, ExperimentStore):
                return ""
            shown = await publish_run(store, golden, result)
        finally:
            await store.close()
        links = " ".join(report.url for report in shown.reports)
        return f"experiment {'shown' if shown.is_whole else 'shown in part'}: {links}"

    return show


def _by_repeat(run: GoldenRun | GateResult) -> Mapping[int, list[ItemResult]]:
    by_repeat: dict[int, list[ItemResult]] = {}
    if isinstance(run, GoldenRun):
        results = list(run.items)
    else:
        results = [result for pair in run.pairs for result in pair.candidate]
    for result in results:
        by_repeat.setdefault(result.repeat, []).append(result)
    return by_repeat


def _item_of(result: ItemResult, item: GoldenItem) -> ExperimentItem:
    """One item's result as the store is to show it."""
    return ExperimentItem(
        id=result.id,
        repeat=result.repeat,
        question=item.question,
        expected={"expect": item.expect, "reference": item.reference},
        tags=item.tags,
        response=result.response,
        latency_s=result.target_latency_s,
        scores=result.scores,
        status=result.status.value,
        has_failed=result.status is ItemStatus.MISSING,
        reasons=result.reasons,
    )


def _metadata(golden: GoldenSet, run: GoldenRun | GateResult) -> dict[str, str]:
    target = run.target if isinstance(run, GoldenRun) else run.candidate
    return {
        "run": run.run_id,
        "golden_set": golden.name,
        "set_digest": run.set_digest,
        "rubric": golden.rubric.name,
        "revision": run.revision,
        "target": target,
    }


def _run_values(run: GoldenRun | GateResult, results: Sequence[ItemResult]) -> dict[str, float | str]:
    """Scores of the whole run. A pass rate counts what was judged; what is missing is said beside it."""
    done = [result for result in results if result.status is not ItemStatus.MISSING]
    values: dict[str, float | str] = {"completed_share": len(done) / len(results) if results else 0.0}
    if done:
        values["pass_rate"] = sum(result.status is ItemStatus.PASSED for result in done) / len(done)
    if isinstance(run, GateResult):
        values["gate_verdict"] = run.verdict.value
    return values
