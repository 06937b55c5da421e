"""`assay golden label`: a person's labels, one answer after the other."""

from __future__ import annotations

from typing import Any

import typer
from rich.text import Text

from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.golden.report.wording.answers import clip, printable
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.setup.golden_set.labelling import keep_label, read_waiting
from assay.worker.wiring.golden_calls import read_set

_LABELS = {"r": 0, "w": 1}
_LONGEST_PASSAGE, _LONGEST_ANSWER = 600, 2000


def label(name: NameArgument, config: ConfigOption = None) -> None:
    """Label the answers that wait for it, one after the other: are they right or wrong?

    Each label is written at once: the answer moves from anchors-to-label.jsonl to anchors.jsonl. So you may stop at any
    time, and go on later. What a judge thinks is not shown: labels must not follow it.
    """
    settings, root = settings_and_root(config)
    golden = read_set(root, settings, name)
    waiting = read_waiting(golden.directory)
    items = {item.id: item for item in golden.items}
    counts, left = _counts(golden), list(waiting)
    console.print(Text("r: right, w: wrong (one false sentence is enough), s: skip, q: stop"))
    while left:
        console.rule(f"{len(left)} left; {counts[1]} wrong and {counts[0]} right so far", style="dim")
        _show(left[0], items.get(left[0]["item"]))
        key = _asked()
        if key == "q":
            break
        if key in _LABELS:
            waiting = keep_label(golden.directory, waiting, left[0], _LABELS[key])
            counts[_LABELS[key]] += 1
        if key in {"s", *_LABELS}:
            left.pop(0)
    console.print(Text(f"{counts[1]} wrong and {counts[0]} right anchors; {len(waiting)} answers wait for a label"))


def _asked() -> str:
    """The key of one answer; whoever is gone has stopped."""
    try:
        answer: str = typer.prompt("r/w/s/q", prompt_suffix="> ", err=True)
    except typer.Abort:
        return "q"
    return answer.strip().lower()[:1]


def _counts(golden: GoldenSet) -> dict[int, int]:
    return {value: sum(anchor.label == value for anchor in golden.anchors) for value in (0, 1)}


def _show(answer: dict[str, Any], item: GoldenItem | None) -> None:
    """Question, evidence and answer. Judged text stays text: no markup, no control characters."""
    if item is not None:
        for turn in item.history[-2:]:
            console.print(Text(f"  {turn.role}: {clip(printable(turn.content), _LONGEST_PASSAGE)}", style="dim"))
        console.print(Text(printable(item.question), style="bold"))
        for number, passage in enumerate(item.contexts, start=1):
            console.print(Text(f"[{number}] {clip(printable(passage), _LONGEST_PASSAGE)}", style="dim"))
    console.print(Text(clip(printable(answer["response"]), _LONGEST_ANSWER)))
