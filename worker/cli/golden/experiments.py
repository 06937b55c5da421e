"""Golden sets and runs in the trace store: `golden freeze` from a dataset, and `--experiment`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.rubric import Rubric
from assay.worker.cli.context import console, stderr
from assay.worker.cli.streams import print_error
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.sets.dataset import golden_item
from assay.worker.golden.sets.files import write_text
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.ports.datasets import Datasets, WithDatasets
from assay.worker.ports.experiments import ExperimentReport, WithExperiments
from assay.worker.ports.store import Store
from assay.worker.stores.registry import factories_with, kinds_with, titles_with
from assay.worker.wiring.experiments import EXPERIMENTS, ExperimentStore, has_experiments, publish_run
from assay.worker.wiring.stores import open_deployment_store, place_able_to

T = TypeVar("T")
AUTO = "auto"
ExperimentOption = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        metavar="NAME",
        help=f"Show the run as an experiment in {titles_with(WithExperiments)}; `auto` names it.",
    ),
]
FROM_DATASET = tuple(f"--from-{factory.kind}" for factory in factories_with(WithDatasets))
"""The option of `golden freeze`, as `--from-STORE`."""


def fetch_items(settings: Settings, root: ConfigRoot, name: str, dataset: str, version: str | None) -> Path:
    """Write a dataset's items into a golden set's directory, which is made if need be; returns the directory.

    Raises:
        ConfigurationError: the dataset cannot be used, or the directory cannot be written.
    """
    at = None if version is None else _moment(version)
    title = place_able_to(root.deployment(), (WithDatasets,)).factory.title
    pulled = on_datasets(settings, root, lambda datasets: datasets.pull(dataset, at))
    items = [golden_item(item, dataset=f"{title}: dataset {dataset!r}") for item in pulled]
    directory = root.path / "golden_sets" / name
    write_text(directory / "items.jsonl", "".join(_line(item) for item in items))
    if not (directory / "manifest.yaml").exists():
        write_text(directory / "manifest.yaml", _manifest(name, f"{title} dataset {dataset}", at or datetime.now(UTC)))
        console.print(Text(f"wrote {directory / 'manifest.yaml'}; say in it who labelled, and where the target is"))
    console.print(Text(f"{len(items)} items of dataset {dataset} → {directory / 'items.jsonl'}"))
    return directory


def next_after_fetch(directory: Path, name: str) -> str:
    """What to do once a dataset's items lie in a set's directory that cannot be frozen yet."""
    return (
        f"The items are in {directory / 'items.jsonl'}. Next: complete {directory / 'manifest.yaml'} (labels.by, "
        f"labels.licence, target) and mend what is told above, then run `assay golden freeze {name}`. The dataset need "
        "not be fetched again."
    )


def show_experiment(
    settings: Settings, root: ConfigRoot, golden: GoldenSet, result: GoldenRun | GateResult, named: str | None
) -> bool:
    """Publish a finished run as experiments, one for each repeat, and say what can be seen of them.

    Returns whether all of it can be seen. A store that fails is said and no reason to lose the run's own result.
    """
    if named is None:
        return True
    title = place_able_to(root.deployment(), EXPERIMENTS).factory.title

    async def work(store: ExperimentStore) -> bool:
        name = None if named == AUTO else named
        shown = await publish_run(store, golden, result, name=name, on_report=partial(_say, title))
        return shown.is_whole

    try:
        return _on_experiments(settings, root, golden.rubric, work)
    except EvaluationError as exc:
        print_error(f"assay: experiment: {exc}")
        return False


def check_experiment(root: ConfigRoot, named: str | None) -> None:
    """Refuse --experiment before anything is asked, where the store has none.

    Raises:
        ConfigurationError
    """
    if named is not None and not has_experiments(place_able_to(root.deployment(), EXPERIMENTS).config.kind):
        kinds = kinds_with(WithExperiments)
        raise ConfigurationError(f"{root.path / CONFIG_FILE}: store.kind: --experiment needs {kinds}; leave it out")


def _say(title: str, report: ExperimentReport) -> None:
    """What can be seen of an experiment."""
    stderr.print(
        Text(
            f"experiment {report.name}: {report.items_shown} of {report.items} items and {report.scores_shown} "
            f"of {report.scores} scores can be read; {report.url}"
        ),
        soft_wrap=True,
    )
    if report.too_large:
        left_out = ", ".join(report.too_large)
        stderr.print(Text(f"  left out, larger than {title} takes at once: {left_out}"), soft_wrap=True)
    if report.missing:
        stderr.print(Text(f"  not shown: {', '.join(report.missing[:10])}"))


def on_datasets(settings: Settings, root: ConfigRoot, work: Callable[[Datasets], Awaitable[T]]) -> T:
    """Run `work` with the datasets of the deployment's trace store, which is closed afterwards.

    Raises:
        ConfigurationError: the store has none.
    """

    async def ask(store: Store) -> T:
        if isinstance(store, WithDatasets):
            return await work(store.datasets)
        raise _lacking(root, WithDatasets)

    return _on_store(settings, root, ask, able_to=(WithDatasets,))


def _on_experiments(
    settings: Settings, root: ConfigRoot, rubric: Rubric, work: Callable[[ExperimentStore], Awaitable[T]]
) -> T:
    async def ask(store: Store) -> T:
        if isinstance(store, ExperimentStore):
            return await work(store)
        raise _lacking(root, WithExperiments)

    return _on_store(settings, root, ask, able_to=EXPERIMENTS, rubrics=(rubric,))


def _on_store(
    settings: Settings,
    root: ConfigRoot,
    work: Callable[[Store], Awaitable[T]],
    *,
    able_to: Sequence[object],
    rubrics: Sequence[Rubric] = (),
) -> T:
    async def run() -> T:
        # Told the rubric, a store that has definitions of scores links an item's scores to them.
        store = open_deployment_store(root, root.deployment(), settings, rubrics=rubrics, able_to=able_to)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _lacking(root: ConfigRoot, capability: object) -> ConfigurationError:
    return ConfigurationError(
        f"{root.path / CONFIG_FILE}: store.kind: datasets and experiments need {kinds_with(capability)}"
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigurationError(f"--version {text!r}: no time; write it like 2026-11-21T18:00:00Z") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(item: GoldenItem) -> str:
    fields: dict[str, Any] = {"id": item.id, **item.model_dump(mode="json", exclude_defaults=True)}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _manifest(name: str, dataset: str, at: datetime) -> str:
    source = json.dumps(f"{dataset} as of {at:%Y-%m-%dT%H:%M:%SZ}", ensure_ascii=False)
    return "\n".join(
        (
            "# A golden set: frozen questions, how their answers are judged, and when a release may not go out.",
            f"# After any change to this directory run `assay golden freeze {name}`, which shows what changed.",
            f"name: {name}",
            "rubric: grounding",
            "target: {kind: recorded}          # or your application: {kind: http, url: ...}",
            "pass_when: {hallucination_risk: {at_most: 0.5}}",
            "gate: {primary: pass_rate, alpha: 0.05}",
            "labels:",
            "  by: nobody yet                  # who says what a right answer is",
            "  licence: internal",
            f"  source: {source}",
            "",
        )
    )
