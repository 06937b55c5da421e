"""`assay golden`: what sets there are, whether they are as frozen, and the review that changes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.golden import experiments, gate
from assay.worker.cli.golden.options import NameArgument
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.report.wording.facts import series_facts
from assay.worker.golden.runs.baseline_approval import approve_baseline, check_runs
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.runs.series import Series, build_series
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import changes_since_lock, freeze, load_golden_set, noted_changes
from assay.worker.golden.sets.verify import Finding, check_set

golden_app = typer.Typer(help="List, check, freeze and run golden sets.", no_args_is_help=True)
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@golden_app.command("ls")
def list_sets(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the golden sets in reach, and whether each still is what was frozen."""
    settings, root = settings_and_root(config)
    table = Table("golden set", "items", "anchors", "releases", "baseline", "state")
    found = {}
    for name in root.golden_set_names():
        golden = _read(settings, root, name)
        changes = [str(change) for change in changes_since_lock(golden)]
        table.add_row(
            name,
            str(len(golden.items)),
            str(len(golden.anchors)),
            ", ".join(golden.releases()),
            _baseline_words(golden),
            "frozen" if not changes else "[red]changed[/]: " + "; ".join(changes),
        )
        found[name] = {
            "items": len(golden.items),
            "releases": list(golden.releases()),
            "baseline": _baseline_words(golden),
            "changes": changes,
        }
    if as_json:
        print_json(found)
    else:
        console.print(table)


@golden_app.command("verify")
def verify(name: NameArgument, config: ConfigOption = None) -> None:
    """Hold a set against its lock and its checks; any difference is exit 2 and says where."""
    settings, root = settings_and_root(config)
    golden = load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))
    findings = _check(settings, root, golden)
    console.print(f"{name}: as frozen ({len(golden.items)} items, digest {golden.digest[:12]})", highlight=False)
    console.print(effect_words(detectable_effect(golden, repeats=golden.manifest.repeats)), highlight=False)
    raise typer.Exit(2 if any(finding.blocks for finding in findings) else 0)


@golden_app.command("freeze")
def freeze_set(
    name: NameArgument,
    yes: YesOption = False,
    dataset: Annotated[
        str | None,
        typer.Option(*experiments.FROM_DATASET, metavar="DATASET", help="First take the items of this dataset."),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="TIME", help="The dataset as it stood then (ISO 8601).")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write golden.lock: the only way to accept changed items, thresholds, rubric or baseline.

    Shows the findings of the checks and what changed, and asks, before anything is frozen.
    """
    settings, root = settings_and_root(config)
    if version is not None and dataset is None:
        raise ConfigurationError(
            f"--version: belongs to {' or '.join(experiments.FROM_DATASET)} DATASET; give both or neither"
        )
    if dataset is not None:
        experiments.fetch_items(settings, root, name, dataset, version)
    golden = _read(settings, root, name)
    findings = _check(settings, root, golden)
    changes = changes_since_lock(golden) + noted_changes(golden)
    for change in changes:
        console.print(Text(f"  {change}"))
    if any(finding.blocks for finding in findings):
        console.print(f"{name}: not frozen; mend the errors, or give the reason in the manifest under `waive`")
        raise typer.Exit(2)
    if not changes:
        console.print(f"{name}: nothing had changed")
        return
    if not yes and not typer.confirm("Freeze this?", err=True):
        console.print(f"{name}: not frozen")
        raise typer.Exit(2)
    freeze(golden)
    console.print(f"{name}: frozen")


@golden_app.command("baseline")
def baseline(  # one parameter for each option
    name: NameArgument,
    runs: Annotated[list[str], typer.Option("--from", help="Run id or file of `assay golden run`; once for each run.")],
    by: Annotated[str, typer.Option("--by", help="Who takes this baseline.")],
    why: Annotated[str, typer.Option("--why", help="Why, in a sentence.")],
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Take reviewed runs as the baseline of a set: five or more, so that no lucky run becomes the norm.

    Writes baseline/ in the set's directory and keeps the old one's record in its history. It counts after
    `assay golden freeze`, and after review: no gate ever writes it.
    """
    settings, root = settings_and_root(config)
    golden = _read(settings, root, name)
    store = RunStore(root.data_dir(settings), name)
    found = [store.run(named) for named in runs]
    check_runs(golden, found)
    console.print(f"now:  {_baseline_words(golden)}", highlight=False)
    for run in found:
        rate = run.pass_rate()
        shown = "not estimable" if rate is None else f"{rate.value:.1%}"
        console.print(Text(f"take: run {run.run_id} of {run.target}, {run.repeats} repeats, pass rate {shown}"))
    if not yes and not typer.confirm("Write these as the baseline?", err=True):
        raise typer.Exit(2)
    record = approve_baseline(golden, found, by=by, why=why)
    console.print(f"{golden.directory / 'baseline'}: {len(record.outputs)} outputs; review, then freeze the set")


@golden_app.command("runs")
def list_runs(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the kept runs and gates of a set, oldest first."""
    settings, root = settings_and_root(config)
    golden = _read(settings, root, name)
    history = RunStore(root.data_dir(settings), name).history()
    if as_json:
        print_json(history)
        return
    table = Table("run", "kind", "target", "passed", "failed", "missing", "verdict", "same set")
    for run in history:
        counts = (str(run.passed), str(run.failed), str(run.missing))
        verdict = "" if run.verdict is None else run.verdict.value
        same = "yes" if run.set_digest == golden.digest else "no"
        table.add_row(run.run_id, run.kind, Text(run.target), *counts, verdict, same)
    console.print(table)


@golden_app.command("series")
def series(
    name: NameArgument,
    target: Annotated[
        str | None, typer.Option("--target", help="Which target \\[default: of the latest scheduled run]")
    ] = None,
    acknowledge: Annotated[
        str | None,
        typer.Option("--acknowledge", metavar="RUN", help="The alarm up to this run is looked into: start anew."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Has the pass rate moved over the scheduled runs? Exit 1 on an alarm, 3 while there are too few runs.

    Watched by an e-process, which may be looked at after every run; testing each week anew at 5 % would raise a false
    alarm in most years. An alarm stands until somebody acknowledges it; runs by command are not in the series.
    """
    settings, root = settings_and_root(config)
    golden = _read(settings, root, name)
    store = RunStore(root.data_dir(settings), name)
    found = _series(store, golden, target)
    if acknowledge is not None:
        _acknowledge(store, found, acknowledge)
        found = _series(store, golden, target)
    if as_json:
        print_json(found)
    else:
        for line in series_facts(found):
            console.print(Text(line))
    raise typer.Exit(3 if found.too_few is not None else 1 if found.alarm is not None else 0)


def _series(store: RunStore, golden: GoldenSet, target: str | None) -> Series:
    history = store.history()
    scheduled = [run.target for run in history if run.origin == "schedule"]
    chosen = target or (scheduled[-1] if scheduled else "nothing")
    return build_series(history, set_digest=golden.digest, target=chosen, acknowledged=store.acknowledged())


def _acknowledge(store: RunStore, found: Series, run_id: str) -> None:
    """Note it, unless it would throw evidence away that raised no alarm."""
    if run_id not in found.since_alarm:
        can = ", ".join(found.since_alarm) or "none: there is no alarm"
        raise ConfigurationError(f"--acknowledge {run_id}: not the run of the alarm or a later one (those are {can})")
    store.acknowledge(run_id, datetime.now(UTC))


def _check(settings: Settings, root: ConfigRoot, golden: GoldenSet) -> tuple[Finding, ...]:
    """What the checks find, printed."""
    others = [_read(settings, root, name) for name in root.golden_set_names() if name != golden.name]
    findings = check_set(golden, others)
    for finding in findings:
        console.print(Text(f"  {finding}", style="red" if finding.blocks else "yellow"))
    return findings


def _baseline_words(golden: GoldenSet) -> str:
    if golden.baseline is None:
        named = golden.manifest.baseline
        return "none" if named is None else f"release {named}"
    approved = golden.baseline.record.approved
    return f"{len(golden.baseline.record.outputs)} outputs, by {approved.by} on {approved.at:%Y-%m-%d}: {approved.why}"


def _read(settings: Settings, root: ConfigRoot, name: str) -> GoldenSet:
    return read_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))


golden_app.command("run")(gate.run)
golden_app.command("push", help=experiments.PUSH_HELP)(experiments.push)
