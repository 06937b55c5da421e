"""What `assay golden` commands say of a set: its baseline, and what its checks find."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import console, stderr
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.sets.exam_size import exam_note
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.uncalibrated import uncalibrated_risk
from assay.worker.golden.sets.verify import Finding, check_set
from assay.worker.wiring.golden_calls import read_set

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def print_findings(settings: Settings, root: ConfigRoot, golden: GoldenSet) -> tuple[Finding, ...]:
    """What the checks find, printed."""
    findings = checked(settings, root, golden)
    for finding in findings:
        console.print(Text(f"  {finding}", style="red" if finding.blocks else "yellow"))
    note = exam_note(golden)
    if note is not None:
        console.print(Text(f"  note: {note}"))
    problem = uncalibrated_risk(golden, is_calibrated=root.has_calibration(golden.rubric))
    if problem is not None:
        console.print(Text(f"  warning: gate: {problem}; runs and gates exit 2 until then", style="yellow"))
    return findings


def checked(settings: Settings, root: ConfigRoot, golden: GoldenSet) -> tuple[Finding, ...]:
    """What the checks find."""
    return check_set(golden, _others(settings, root, golden.name))


def _others(settings: Settings, root: ConfigRoot, name: str) -> list[GoldenSet]:
    """The other sets in reach. One that cannot be read is told, and is no fault of this one."""
    others = []
    for other in root.golden_set_names():
        if other == name:
            continue
        try:
            others.append(read_set(root, settings, other))
        except ConfigurationError as exc:
            stderr.print(Text(f"assay: not compared with golden set {other}: {exc}"), soft_wrap=True)
    return others


def baseline_words(golden: GoldenSet) -> str:
    """What a gate compares with unless told otherwise, and who approved it."""
    if golden.baseline is None:
        release = golden.manifest.baseline
        return "none" if release is None else f"release {release}"
    approved = golden.baseline.record.approved
    return f"{len(golden.baseline.record.outputs)} outputs, by {approved.by} on {approved.at:%Y-%m-%d}: {approved.why}"
