"""The reference tells every column, what it holds and what it means, in the order of the row."""

from __future__ import annotations

import re
from pathlib import Path

from assay.worker.records.history_columns import COLUMN_KINDS

REFERENCE = Path(__file__).parents[3] / "docs/reference/record.md"
LINE = re.compile(r"\| `(\w+)` \| (\w+) \| (\S.*?) \|", re.MULTILINE)
"""A row of the table of columns, as "| `pi` | number | probability that it was selected |"."""


def test_the_reference_tells_every_column() -> None:
    told = LINE.findall(REFERENCE.read_text(encoding="utf-8").partition("## Columns")[2])
    assert {name: kind for name, kind, _ in told} == COLUMN_KINDS
    assert [name for name, *_ in told] == list(COLUMN_KINDS)
