"""`assay golden verify`."""

from __future__ import annotations

import typer

from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.cli.golden.sets import print_findings
from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.wiring.golden_calls import load_set


def verify(name: NameArgument, config: ConfigOption = None) -> None:
    """Hold a set against its lock and its checks; any difference is exit 2 and says where."""
    settings, root = settings_and_root(config)
    golden = load_set(root, settings, name)
    findings = print_findings(settings, root, golden)
    console.print(f"{name}: as frozen ({len(golden.items)} items, digest {golden.digest[:12]})", highlight=False)
    effect = detectable_effect(golden, repeats=golden.manifest.repeats)
    console.print(effect_words(effect), highlight=False)
    raise typer.Exit(2 if any(finding.blocks for finding in findings) else 0)
