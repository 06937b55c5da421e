"""A comparison in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.reporting.compare.result import CompareResult, CompareRow
from assay.worker.reporting.compare.wording import row_lines, title, verdict_line

_STYLES = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}


def compare_texts(result: CompareResult) -> Iterator[Text]:
    """The whole comparison, a text a line."""
    yield Text(title(result))
    for row in result.rows:
        yield Text()
        yield from _row_texts(row, result)
    yield Text()
    yield Text(f"verdict: {verdict_line(result)}", style=_STYLES[result.verdict])


def _row_texts(row: CompareRow, result: CompareResult) -> Iterator[Text]:
    revision = f" · revision {row.revision[:12]}" if row.revision else ""
    yield Text.assemble((row.use_case, "bold"), (f"  rubric {row.rubric}{revision}", "dim"))
    for number, line in enumerate(row_lines(row, result)):
        yield Text(f"  {line}", style="" if number else _STYLES[row.verdict])
