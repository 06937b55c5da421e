"""`assay golden add`: traces of production become items of a golden set, and their answers anchors."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, with_runtime
from assay.worker.cli.golden.options import NameArgument
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.egress import check_egress
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.flow.label_pull import OpinionCounts, Wanted, collect
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.setup.golden_set.additions import Additions, Expect, SetAdditions, changing
from assay.worker.setup.recorded_samples import RecordedSample, SampleFinder
from assay.worker.wiring.golden_calls import read_set
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import review_queues_of

Label = Literal[0, 1]


class Said(StrEnum):
    """What a person says of an answer."""

    RIGHT = "right"
    WRONG = "wrong"


class Expected(StrEnum):
    """What a good answer to the items would be."""

    ANSWER = "answer"
    REFUSAL = "refusal"


TracesArgument = Annotated[list[str], typer.Argument(metavar="TRACE...", help="Trace ids.")]
UseCaseOption = Annotated[
    str | None, typer.Option("--use-case", help="Whose policy holds \\[default: the one that a trace matches]")
]


def add(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: NameArgument,
    traces: TracesArgument,
    expect: Annotated[Expected, typer.Option("--expect", help="What a good answer would be.")] = Expected.ANSWER,
    label: Annotated[
        Said | None, typer.Option("--label", help="Their answers, as you read them: anchors at once.")
    ] = None,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Take the labels that people gave in the review queues.")
    ] = False,
    use_case: UseCaseOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added; write nothing.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make items of traces, and anchors of their answers. The set is not frozen by it.

    What the policy of a trace's use case redacts is redacted here, too. A question over the same evidence is one item,
    with an answer more. Answers without a label wait for `assay golden label`.
    """
    if label is not None and reviewed:
        raise ConfigurationError("--label and --reviewed: both say what the answers are; leave one out")
    settings, root = settings_and_root(config)
    with changing(root.golden_set(name)):
        golden = read_set(root, settings, name)
        _check_own(root, golden)
        additions = _additions(golden, traces, expect, label, reviewed=reviewed, use_case=use_case, config=config)
        report = additions.report() if dry_run else additions.write()
    if as_json:
        print_json(report)
    else:
        _show(report, golden.directory, is_written=not dry_run)


def _additions(  # what the command was given
    golden: GoldenSet,
    traces: list[str],
    expect: Expected,
    label: Said | None,
    *,
    reviewed: bool,
    use_case: str | None,
    config: Path | None,
) -> SetAdditions:
    async def work(runtime: Runtime) -> SetAdditions:
        recorded = await SampleFinder.of(runtime).samples(traces, rubric=golden.rubric, use_case=use_case)
        for sample in recorded:  # every run of the set sends it to the rubric's judges
            check_egress(sample.use_case, golden.rubric)
        labels = await _reviews(runtime) if reviewed else {}
        given = None if label is None else int(label is Said.WRONG)
        return _taken(golden, recorded, expect.value, labels, given)

    return with_runtime(config, work)


def _check_own(root: ConfigRoot, golden: GoldenSet) -> None:
    """Refuse to change a set that came with the package."""
    is_packaged = golden.directory.resolve().is_relative_to(packaged_root() / "golden_sets")
    has_root = (root.path / CONFIG_FILE).is_file() and (root.is_named or root.path == Path.cwd())
    if is_packaged and not (has_root and root.path.resolve() == packaged_root()):
        raise ConfigurationError(
            f"{golden.name}: came with the package; copy {golden.directory} into golden_sets/ beside your {CONFIG_FILE}"
        )


async def _reviews(runtime: Runtime) -> dict[str, Label]:
    """What people said of traces in the review queues, by trace id.

    Raises:
        ConfigurationError: no use case has a queue, or the store has none.
    """
    queues = tuple(dict.fromkeys(runtime.deployment.review_queues.values()))
    if not queues:
        raise ConfigurationError("--reviewed: no use case of assay.yaml names a review_queue; give --label")
    wanted, now = Wanted(queues=queues), runtime.clock.now()
    labels = await collect(review_queues_of(runtime.store), wanted, now=now, tally=OpinionCounts())
    return {trace_id: label.label for trace_id, label in labels.items()}


def _taken(
    golden: GoldenSet,
    recorded: list[RecordedSample],
    expect: Expect,
    labels: Mapping[str, Label],
    given: int | None,
) -> SetAdditions:
    additions = SetAdditions(golden)
    for sample in recorded:
        label = labels.get(sample.trace.id) if given is None else given
        additions.add(sample, expect=expect, label=None if label is None else (1 if label else 0))
    return additions


def _show(report: Additions, directory: Path, *, is_written: bool) -> None:
    verb = "added" if is_written else "would be added"
    parts = [f"{len(report.items)} items", f"{len(report.anchors)} anchors", f"{len(report.to_label)} answers to label"]
    lines = [f"{report.golden_set}: {verb}: {', '.join(parts)}"]
    lines += [f"  item {item}" for item in report.items]
    lines += [f"  trace {trace_id} asks what item {item} asks" for trace_id, item in report.known.items()]
    lines += [
        f"! trace {trace_id}: anchor {anchor} says the opposite of its answer; look at it, and mend anchors.jsonl"
        for trace_id, anchor in report.contradicted.items()
    ]
    lines += [
        f"! item {item}: its trace recorded no evidence, so its answers are judged only where the target returns some"
        for item in report.without_evidence
    ]
    if is_written and (report.items or report.anchors):
        lines += ["not frozen yet, so a gate refuses the set; next:"]
        lines += [f"  $EDITOR {directory / 'items.jsonl'}  # expect, reference, must_include of the new items"]
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    if is_written and report.to_label:
        console.print(Text(f"  assay golden label {report.golden_set}  # is each answer right or wrong?"))
    if is_written and (report.items or report.anchors):
        console.print(Text(f"  assay golden freeze {report.golden_set}  # shows what changed, then asks"))
