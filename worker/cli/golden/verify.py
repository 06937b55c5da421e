"""`assay golden verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.cli.golden.sets import checked, print_findings
from assay.worker.golden.gate.detectable_effect import DetectableEffect, detectable_effect
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.sets.exam_size import exam_note
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.verify import Finding
from assay.worker.wiring.golden_batches import check_judge_by
from assay.worker.wiring.golden_calls import load_set


def verify(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Hold a set against its lock and its checks; any difference is exit 2 and says where."""
    settings, root = settings_and_root(config)
    golden = load_set(root, settings, name)
    check_judge_by(golden, root, settings)
    effect = detectable_effect(golden, repeats=golden.manifest.repeats)
    if as_json:
        findings = checked(settings, root, golden)
        print_json(_as_data(golden, findings, effect))
        raise typer.Exit(2 if any(finding.blocks for finding in findings) else 0)
    findings = print_findings(settings, root, golden)
    console.print(f"{name}: as frozen ({len(golden.items)} items, digest {golden.digest[:12]})", highlight=False)
    console.print(effect_words(effect), highlight=False)
    raise typer.Exit(2 if any(finding.blocks for finding in findings) else 0)


def _as_data(golden: GoldenSet, findings: Sequence[Finding], effect: DetectableEffect) -> dict[str, Any]:
    return {
        "golden_set": golden.name,
        "digest": golden.digest,
        "items": len(golden.items),
        "anchors": len(golden.anchors),
        "findings": [{**finding.model_dump(mode="json"), "blocks": finding.blocks} for finding in findings],
        "note": exam_note(golden),
        "minimum_detectable_drop": effect.drop,
        "minimum_detectable_cluster_drop": effect.cluster_drop,
        "clusters": effect.clusters,
    }
