"""Golden runs and gate results on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.worker.golden.report.wording.answers import change_words, claim_words, printable, side_words
from assay.worker.golden.report.wording.exam import fallen_words
from assay.worker.golden.report.wording.facts import gate_facts, run_facts
from assay.worker.golden.report.wording.next_steps import shown_fallen
from assay.worker.golden.results.gate_result import GateResult, GateVerdict, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult

_COLOURS = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}
_SHOWN = 10


def print_run(run: GoldenRun, console: Console, notes: Sequence[str] = ()) -> None:
    """One run: counts, pass rate, cost, and the first items that did not pass; `notes` come last."""
    lines = [f"{run.golden_set} · {run.target} · evaluator {run.revision[:12]}", *run_facts(run)]
    lines += fallen_words(run.exam)
    parts: list[RenderableType] = [_plain(line) for line in lines]
    troubled = [item for item in run.items if item.status is not ItemStatus.PASSED]
    if troubled:
        parts.append(_item_table(troubled))
        parts.extend(_more(len(troubled)))
    parts.extend(_plain(note) for note in notes)
    console.print(Group(*parts))


def print_gate(result: GateResult, console: Console, notes: Sequence[str] = ()) -> None:
    """A gate result: the verdict and why first, then what it rests on; `notes` come last."""
    heading = Text(
        f"{result.verdict.value.upper()} (exit {result.exit_code})", style=f"bold {_COLOURS[result.verdict]}"
    )
    parts: list[RenderableType] = [heading]
    parts.extend(_plain(f"  {reason}") for reason in result.reasons)
    parts.extend(_plain(f"  {line}") for line in shown_fallen(result))
    parts.extend(_plain(f"  warning: {warning}") for warning in result.warnings)
    parts.extend(_plain(f"  next: {step}") for step in result.next_steps)
    parts.append(_plain(f"{result.golden_set}: {result.candidate} against {result.baseline}"))
    parts.extend(_plain(line) for line in gate_facts(result))
    if result.discordant:
        parts.append(_pair_table(result.discordant))
        parts.extend(_more(len(result.discordant)))
    parts.extend(_plain(note) for note in notes)
    console.print(Group(*parts))


def _item_table(items: list[ItemResult]) -> Table:
    table = Table("item", "status", "why", "worst claim", expand=True)
    for item in items[:_SHOWN]:
        row = (item.id, item.status.value, "; ".join(item.reasons), claim_words(item))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _pair_table(pairs: tuple[Pair, ...]) -> Table:
    table = Table("item", "change", "before", "now", expand=True)
    for pair in pairs[:_SHOWN]:
        before, after = pair.telling
        row = (pair.id, change_words(pair), side_words(before), side_words(after))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _more(total: int) -> list[RenderableType]:
    return [Text(f"… and {total - _SHOWN} more")] if total > _SHOWN else []


def _plain(text: str) -> Text:
    """Text the terminal shows as it is: no rich markup, no control characters."""
    return Text(printable(text))
