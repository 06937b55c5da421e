"""Golden sets and runs in Langfuse: `golden push`, `golden freeze --from-langfuse`, `--experiment`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.text import Text

from judges.errors import ConfigurationError, EvaluationError
from worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, stderr
from worker.config import CONFIG_FILE, ConfigRoot
from worker.golden.comparison import GateResult
from worker.golden.decide import ItemStatus
from worker.golden.files import write_text
from worker.golden.goldenset import GoldenSet
from worker.golden.lock import load_golden_set
from worker.golden.result import GoldenRun, ItemResult
from worker.golden.schema import GoldenItem
from worker.runtime import open_deployment_store
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.stores.langfuse import LangfuseStore

T = TypeVar("T")
AUTO = "auto"
ExperimentOption = Annotated[
    str | None,
    typer.Option("--experiment", metavar="NAME", help="Show the run as an experiment in Langfuse; `auto` names it."),
]


def push(
    name: Annotated[str, typer.Argument(help="Golden set (a directory in golden_sets/).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a Langfuse dataset of a frozen golden set, or bring the one of its name up to date. Exit 3 if items lack.

    Unchanged items are left alone; items that the set no longer has are archived; items added by hand stay.
    """
    from worker.stores.langfuse.datasets import push as push_items

    settings, root = settings_and_root(config)
    golden = load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))
    report = _on_langfuse(settings, root, lambda store: push_items(store.client, golden))
    if as_json:
        print_json(report)
    else:
        console.print(
            Text(
                f"dataset {report.dataset}: {report.items} items, {report.sent} sent, {report.archived} archived, "
                f"{report.items - len(report.missing)} read back"
            )
        )
    if report.missing:
        stderr.print(Text(f"missing: {', '.join(report.missing[:10])}"))
        raise typer.Exit(3)


def fetch_items(settings: Settings, root: ConfigRoot, name: str, dataset: str, version: str | None) -> Path:
    """Write a dataset's items into a golden set's directory, which is made if need be; returns the directory.

    Raises:
        ConfigurationError: the dataset cannot be used, or the directory cannot be written.
    """
    from worker.stores.langfuse.datasets import pull

    at = None if version is None else _moment(version)
    items = _on_langfuse(settings, root, lambda store: pull(store.client, dataset, at))
    directory = root.path / "golden_sets" / name
    write_text(directory / "items.jsonl", "".join(_line(item) for item in items))
    if not (directory / "manifest.yaml").exists():
        write_text(directory / "manifest.yaml", _manifest(name, dataset, at or datetime.now(UTC)))
        console.print(Text(f"wrote {directory / 'manifest.yaml'}; say in it who labelled, and where the target is"))
    console.print(Text(f"{len(items)} items of dataset {dataset} → {directory / 'items.jsonl'}"))
    return directory


def show_experiment(
    settings: Settings, root: ConfigRoot, golden: GoldenSet, made: GoldenRun | GateResult, named: str | None
) -> bool:
    """Publish a finished run as experiments, one for each repeat, and say what can be seen of them.

    Returns whether all of it can be seen. A store that fails is said and no reason to lose the run's own result.
    """
    if named is None:
        return True
    from worker.stores.langfuse.datasets import push as push_items
    from worker.stores.langfuse.experiments import Experiment, publish

    base = f"{golden.name if named == AUTO else named} {made.run_id}"

    async def work(store: LangfuseStore) -> bool:
        pushed = await push_items(store.client, golden)
        is_whole = not pushed.missing
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
            report = await publish(store, experiment, golden)
            is_whole = is_whole and report.is_whole
            stderr.print(
                Text(
                    f"experiment {report.name}: {report.items_shown} of {report.items} items and {report.scores_shown} "
                    f"of {report.scores} scores can be read; {report.url}"
                ),
                soft_wrap=True,
            )
            if report.too_large:
                named = ", ".join(report.too_large)
                stderr.print(Text(f"  left out, larger than Langfuse takes at once: {named}"), soft_wrap=True)
            if report.missing:
                stderr.print(Text(f"  not shown: {', '.join(report.missing[:10])}"))
        return is_whole

    try:
        return _on_langfuse(settings, root, work)
    except EvaluationError as exc:
        typer.echo(f"assay: experiment: {exc}", err=True)
        return False


def check_experiment(root: ConfigRoot, named: str | None) -> None:
    """Refuse --experiment before anything is asked, where the store has none.

    Raises:
        ConfigurationError
    """
    if named is not None and root.deployment().store.kind != "langfuse":
        raise ConfigurationError(f"{root.path / CONFIG_FILE}: store.kind: --experiment needs langfuse; leave it out")


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


def _on_langfuse(settings: Settings, root: ConfigRoot, work: Callable[[LangfuseStore], Awaitable[T]]) -> T:
    from worker.stores.langfuse import LangfuseStore

    async def run() -> T:
        store = open_deployment_store(root, root.deployment(), settings)
        try:
            if not isinstance(store, LangfuseStore):
                raise ConfigurationError(
                    f"{root.path / CONFIG_FILE}: store.kind: datasets and experiments need langfuse"
                )
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigurationError(f"--version {text!r}: no time; write it like 2026-11-21T18:00:00Z") from exc
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _line(item: GoldenItem) -> str:
    fields: dict[str, Any] = {"id": item.id, **item.model_dump(mode="json", exclude_defaults=True)}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _manifest(name: str, dataset: str, at: datetime) -> str:
    source = json.dumps(f"Langfuse dataset {dataset} as of {at:%Y-%m-%dT%H:%M:%SZ}", ensure_ascii=False)
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
