"""What `assay golden` commands say of a set: its baseline, and what its checks find."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from assay.worker.cli.context import console
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.verify import Finding, check_set
from assay.worker.wiring.golden_calls import read_set

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def print_findings(settings: Settings, root: ConfigRoot, golden: GoldenSet) -> tuple[Finding, ...]:
    """What the checks find, printed."""
    others = [read_set(root, settings, name) for name in root.golden_set_names() if name != golden.name]
    findings = check_set(golden, others)
    for finding in findings:
        console.print(Text(f"  {finding}", style="red" if finding.blocks else "yellow"))
    return findings


def baseline_words(golden: GoldenSet) -> str:
    """What a gate compares with unless told otherwise, and who approved it."""
    if golden.baseline is None:
        release = golden.manifest.baseline
        return "none" if release is None else f"release {release}"
    approved = golden.baseline.record.approved
    return f"{len(golden.baseline.record.outputs)} outputs, by {approved.by} on {approved.at:%Y-%m-%d}: {approved.why}"
