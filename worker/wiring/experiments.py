"""Golden runs as experiments in the trace store: what `--experiment` publishes, and what every scheduled run does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from assay.judges.schema import Record
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.scheduling.scheduled_job import Show
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.stores.langfuse import LangfuseStore
from assay.worker.stores.langfuse.datasets import push
from assay.worker.stores.langfuse.experiments import Experiment, ExperimentReport, publish
from assay.worker.wiring.stores import open_deployment_store


class ShownRun(Record):
    """What can be seen of a run: one experiment for each repeat. `items_missing` are not in the dataset."""

    items_missing: tuple[str, ...]
    reports: tuple[ExperimentReport, ...]

    @property
    def is_whole(self) -> bool:
        """Whether everything can be seen."""
        return not self.items_missing and all(report.is_whole for report in self.reports)


async def publish_run(
    store: LangfuseStore,
    golden: GoldenSet,
    made: GoldenRun | GateResult,
    *,
    name: str | None = None,
    on_report: Callable[[ExperimentReport], None] = lambda _: None,
) -> ShownRun:
    """Publish a finished run, of a gate the candidate; publishing it again changes nothing.

    Args:
        store: where.
        golden: the set, which is pushed as a dataset first.
        made: the run.
        name: what the experiments are called before the run's id; the set's name if None.
        on_report: called after each experiment.

    Raises:
        ConfigurationError: the server has no experiments.
        StoreUnavailable, StoreRejected
    """
    pushed = await push(store.client, golden)
    base = f"{name or golden.name} {made.run_id}"
    reports = []
    for repeat, results in sorted(_by_repeat(made).items()):
        experiment = Experiment(
            name=base if made.repeats == 1 else f"{base} {repeat + 1}/{made.repeats}",
            dataset=pushed.dataset,
            dataset_id=pushed.dataset_id,
            started=made.started or datetime.now(UTC),
            results=tuple(results),
            metadata=_metadata(golden, made),
            scores=_run_values(made, results),
        )
        reports.append(await publish(store, experiment, golden))
        on_report(reports[-1])
    return ShownRun(items_missing=tuple(pushed.missing), reports=tuple(reports))


def experiments_of(root: ConfigRoot, settings: Settings) -> Show | None:
    """Shows scheduled runs as experiments where the deployment's trace store has such."""
    if root.deployment().store.kind != "langfuse":
        return None

    async def show(golden: GoldenSet, made: GoldenRun | GateResult) -> str:
        # A store of its own: a scheduled run has a loop of its own, and clients belong to one loop.
        store = open_deployment_store(root, root.deployment(), settings)
        try:
            if not isinstance(store, LangfuseStore):
                return ""
            found = await publish_run(store, golden, made)
        finally:
            await store.close()
        links = " ".join(report.url for report in found.reports)
        return f"experiment {'shown' if found.is_whole else 'shown in part'}: {links}"

    return show


def _by_repeat(made: GoldenRun | GateResult) -> Mapping[int, list[ItemResult]]:
    found: dict[int, list[ItemResult]] = {}
    results = made.items if isinstance(made, GoldenRun) else [one for pair in made.pairs for one in pair.candidate]
    for result in results:
        found.setdefault(result.repeat, []).append(result)
    return found


def _metadata(golden: GoldenSet, made: GoldenRun | GateResult) -> dict[str, str]:
    target = made.target if isinstance(made, GoldenRun) else made.candidate
    return {
        "run": made.run_id,
        "golden_set": golden.name,
        "set_digest": made.set_digest,
        "rubric": golden.rubric.name,
        "revision": made.revision,
        "target": target,
    }


def _run_values(made: GoldenRun | GateResult, results: Sequence[ItemResult]) -> dict[str, float | str]:
    """Scores of the whole run. A pass rate counts what was judged; what is missing is said beside it."""
    done = [one for one in results if one.status is not ItemStatus.MISSING]
    values: dict[str, float | str] = {"completed_share": len(done) / len(results) if results else 0.0}
    if done:
        values["pass_rate"] = sum(one.status is ItemStatus.PASSED for one in done) / len(done)
    if isinstance(made, GateResult):
        values["gate_verdict"] = made.verdict.value
    return values
