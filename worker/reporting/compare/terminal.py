"""A comparison in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.result import CompareResult, CompareRow
from assay.worker.reporting.compare.wording import row_lines, title, verdict_line, worst_first
from assay.worker.reporting.terminal.text import one_line

_STYLES = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}

MOST_WHOLE = 12
"""Rows that are told whole, the worst first. Of more there is the verdict alone."""


def compare_parts(result: CompareResult) -> Iterator[RenderableType]:
    """The whole comparison as it is printed: a line that goes on in the next stays as far in as it began."""
    for text in compare_texts(result):
        indent = len(text.plain) - len(text.plain.lstrip(" "))
        yield Padding(text[indent:], (0, 0, 0, indent)) if indent else text


def compare_texts(result: CompareResult) -> Iterator[Text]:
    """The whole comparison, a text a line, the worst row first."""
    yield Text(title(result))
    for number, row in enumerate(worst_first(result.rows)):
        if number <= MOST_WHOLE:
            yield Text()
        yield from _row_texts(row, result, is_whole=number < MOST_WHOLE)
    yield Text()
    yield Text(f"verdict: {verdict_line(result)}", style=_STYLES[result.verdict])


def _row_texts(row: CompareRow, result: CompareResult, *, is_whole: bool) -> Iterator[Text]:
    revision = f" · revision {row.revision[:12]}" if row.revision else ""
    yield Text.assemble((one_line(row.use_case), "bold"), (f"  rubric {one_line(row.rubric)}{revision}", "dim"))
    for number, line in enumerate(row_lines(row, result)):
        if is_whole or number == 0:
            yield Text(f"{'    ' if number else '  '}{line}", style="" if number else _STYLES[row.verdict])
