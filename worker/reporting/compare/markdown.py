"""A comparison in Markdown, for a pull request or the step summary of a pipeline."""

from __future__ import annotations

import re

from assay.worker.reporting.compare.result import CompareResult
from assay.worker.reporting.compare.wording import SIGNS, row_lines, title, verdict_line, worst_first
from assay.worker.reporting.terminal.text import one_line

_MARKS = re.compile(r"([\\`*_\[\]#|~])")
"""What Markdown would take for its own, e.g. the star of `*worse*`."""

MOST_ROWS = 30
"""Rows that are written, the worst first, so that it fits into one comment."""


def compare_markdown(result: CompareResult) -> str:
    """The whole comparison."""
    lines = [f"### {SIGNS[result.verdict]} Compare: **{result.verdict.value}**", "", _md(title(result)), ""]
    rows = worst_first(result.rows)
    for row in rows[:MOST_ROWS]:
        name = _md(f"{row.use_case}, rubric {row.rubric}")
        revision = f" (revision {_md(row.revision[:12])})" if row.revision else ""
        lines += [f"**{SIGNS[row.verdict]} {name}**{revision}", ""]
        lines += [f"- {_md(line)}" for line in row_lines(row, result)] + [""]
    if len(rows) > MOST_ROWS:
        lines += [f"… and {len(rows) - MOST_ROWS} more rows", ""]
    return "\n".join([*lines, _md(verdict_line(result)), ""])


def _md(text: str) -> str:
    """Text that Markdown shows as it is: values of traces are foreign, and must not become markup or mentions."""
    escaped = _MARKS.sub(r"\\\1", one_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
