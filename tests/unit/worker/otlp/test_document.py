"""The table of attributes in docs/reference/opentelemetry-spans.md is what the code reads.

Run this as a module to renew the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assay.worker.extraction.names.attributes import INPUT_ATTRIBUTES, KIND_ATTRIBUTES, OUTPUT_ATTRIBUTES
from assay.worker.extraction.names.columns import METADATA_BEHIND, METADATA_IN, ROOT_COLUMNS

DOCUMENT = Path(__file__).parents[4] / "docs" / "reference" / "opentelemetry-spans.md"
BEGIN, END = "<!-- table: python -m tests.unit.worker.otlp.test_document -->", "<!-- end of columns -->"


ROW_NAMES = 8
"""Names in one row; more go on in the next, so that a row fits a screen."""


def row(column: str, names: Iterable[str]) -> str:
    every = [f"`{name}`" for name in names]
    parts = [every[at : at + ROW_NAMES] for at in range(0, len(every), ROW_NAMES)]
    return "\n".join(f"| {'' if at else column} | {', '.join(part)} |" for at, part in enumerate(parts))


def table() -> str:
    lines = ["| column | attributes, the most telling first |", "| --- | --- |"]
    lines += [row(f"root: {column.replace('_', ' ')}", names) for column, names in ROOT_COLUMNS.items()]
    lines.append(row("metadata of the application", [*METADATA_IN, *(f"{name}*" for name in METADATA_BEHIND)]))
    lines.append(row("step: type", KIND_ATTRIBUTES))
    lines.append(row("root and step: input", INPUT_ATTRIBUTES))
    lines.append(row("root and step: output", OUTPUT_ATTRIBUTES))
    return "\n".join(lines)


def parts() -> tuple[str, str, str]:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before, inside.strip(), after


def test_table_in_the_document_is_what_the_code_reads() -> None:
    assert parts()[1] == table()


if __name__ == "__main__":
    before, _, after = parts()
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
