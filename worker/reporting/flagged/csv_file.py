"""Flagged answers as CSV. A spreadsheet takes no text of a trace for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from assay.worker.records.traces import utc_iso
from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.wording import evidence_lines, verdict_words
from assay.worker.reporting.terminal.text import clipped

COLUMNS = (
    *("use_case", "trace_id", "started", "rubric", "score", "value", "sentence", "verdict", "reason", "evidence"),
    *("told_by", "comment", "judge", "tier", "model", "revision", "stratum", "sample", "pi", "in_store", "url"),
)

_LONGEST_CELL = 5_000
"""Characters. A spreadsheet's cell holds 32,767, and `--format json` has all of it."""

_FORMULA = re.compile(r"(^[\s'\"]*|[;\t][\s'\"]*)([=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212])")
"""What begins a formula, at the start of a cell or after what some spreadsheets split at, e.g. `=1+1`, `;=1+1`.

Signs that some program makes ASCII on the way, as the full-width `=` and the true minus, count as what they become.
"""


def header_line() -> str:
    """The names of the columns."""
    return _line(COLUMNS)


def answer_line(answer: FlaggedAnswer) -> str:
    """One answer as a row."""
    reason = answer.problem.reason if answer.told_by == "verdict" else ""
    cells = (
        *(answer.use_case, answer.trace_id, utc_iso(answer.started), answer.rubric, answer.score),
        *(f"{answer.value:.6g}", answer.problem.sentence, verdict_words(answer), reason),
        *("; ".join(evidence_lines(answer)), answer.told_by, answer.comment, answer.judge, answer.tier, answer.model),
        *(answer.revision, answer.stratum, answer.sample, f"{answer.pi:.6g}"),
        *("yes" if answer.is_written else "no", answer.url or ""),
    )
    return _line(harmless(cell) for cell in cells)


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs: on one line, and with an apostrophe before what would begin a formula."""
    return _FORMULA.sub(r"\1'\2", clipped(text, _LONGEST_CELL))


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(list(cells))
    return out.getvalue()
