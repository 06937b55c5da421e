"""What a set is, in a few lines, and where it leaves the defaults: what a person looks at before freezing it."""

from __future__ import annotations

from collections import Counter

from pydantic import JsonValue

from assay.judges.rubric import Rubric
from assay.worker.golden.sets.golden_set import GoldenSet, gate_settings
from assay.worker.golden.sets.lock import leaves
from assay.worker.golden.sets.manifest import GateSettings

_OF_NO_WEIGHT = {"name", "description", "repeats", "must_pass", "mode", "margin"}
"""Keys that every set has in its own way, or that the summary shows."""


def set_summary(golden: GoldenSet) -> list[str]:
    """Items, anchors by label, baseline, thresholds, a line each."""
    manifest, gate = golden.manifest, golden.manifest.gate
    n, clusters = len(golden.items), len(set(golden.clusters.values()))
    expected = Counter(item.expect for item in golden.items)
    marked = sum(anchor.label for anchor in golden.anchors)
    where = f" in {clusters} clusters ({gate.cluster_by})" if clusters < n else ""
    mode = f"no worse than {gate.margin:.1%}" if gate.margin is not None else "no regression shown"
    passes = " and ".join(f"{name} {limit}" for name, limit in manifest.pass_when.items())
    must_pass = f", {len(gate.must_pass)} must-pass items" if gate.must_pass else ""
    repeats = f", asked {manifest.repeats} times" if manifest.repeats > 1 else ""
    return [
        f"items: {n}{where}{repeats}; {expected['answer']} expect an answer, {expected['refusal']} a refusal",
        f"anchors: {marked} wrong and {len(golden.anchors) - marked} right",
        f"baseline: {_baseline_words(golden)}",
        f"an answer passes with {passes} (rubric {golden.rubric.name})",
        f"a release passes with {mode} in {gate.primary}, alpha {gate.alpha:g}{must_pass}",
    ]


def deviations(golden: GoldenSet, packaged: Rubric | None) -> list[str]:
    """Settings of the gate and of the rubric that are not the defaults, a line each.

    Args:
        golden: the set.
        packaged: the rubric of that name as it comes; None: it is the team's own, and has no defaults.
    """
    usual = {**GateSettings().model_dump(mode="json"), "repeats": 1}
    gate = _differing("gate", gate_settings(golden), usual)
    if packaged is None:
        return gate
    rubric = golden.rubric
    return gate + _differing(f"rubric {rubric.name}", rubric.model_dump(mode="json"), packaged.model_dump(mode="json"))


def _baseline_words(golden: GoldenSet) -> str:
    if golden.baseline is None:
        release = golden.manifest.baseline
        return "none yet" if release is None else f"release {release}"
    record = golden.baseline.record
    outputs, runs = len(record.outputs), len({outputs.run_id for outputs in record.outputs})
    flips = "" if record.flips is None else f"; {100 * record.flips.rate:.2g}% of the items flip each way by chance"
    return f"{outputs} outputs of {runs} runs of {record.target}, by {record.approved.by}{flips}"


def _differing(part: str, settings: JsonValue, usual: JsonValue) -> list[str]:
    """Keys whose values differ, with the default."""
    before = dict(leaves(usual))
    return [
        f"{part}: {key}: {value}, the default is {_word(before.get(key))}"
        for key, value in leaves(settings)
        if key not in _OF_NO_WEIGHT and value != before.get(key)
    ]


def _word(value: JsonValue) -> str:
    return "unset" if value is None or value == [] else str(value)
