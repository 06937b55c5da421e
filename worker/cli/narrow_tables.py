"""Tables in terminals that are too narrow for them: each row as a few lines, and no column is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


def fitting(renderable: Any, console: Console) -> Any:
    """What is printed: the thing itself, or a table that does not fit as lines of `header: cell`.

    Args:
        renderable: whatever rich prints.
        console: where it is printed.
    """
    if isinstance(renderable, Group):
        return Group(*(fitting(part, console) for part in renderable.renderables))
    if isinstance(renderable, Table) and renderable.show_header and _is_too_wide(renderable, console, console.options):
        return Group(*_stacked(renderable, console))
    return renderable


def _is_too_wide(table: Table, console: Console, options: ConsoleOptions) -> bool:
    """Whether a column would be narrower than its longest word."""
    # With all the width it wants, a table says how narrow it may become.
    needed = Measurement.get(console, options.update(max_width=10_000), table).minimum
    return needed > options.max_width


def _stacked(table: Table, console: Console) -> Iterator[RenderableType]:
    if table.title:
        yield console.render_str(table.title) if isinstance(table.title, str) else table.title
    headers = [_text(column.header, console) for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        for at, (header, cell) in enumerate(zip(headers, cells, strict=True)):
            text = _text(cell, console)
            if text.plain.strip():
                line = Text.assemble(header, ": ", text) if header.plain.strip() else text
                yield line if at == 0 else Padding(line, (0, 0, 0, 2), expand=False)
        yield ""
    if table.caption:
        yield console.render_str(table.caption) if isinstance(table.caption, str) else table.caption


def _text(cell: RenderableType, console: Console) -> Text:
    """A cell on one line, with its style."""
    if isinstance(cell, str):
        cell = console.render_str(cell, highlight=False)
    if isinstance(cell, Text):
        return Text(" ").join(cell.split("\n")) if "\n" in cell.plain else cell
    lines = console.render_lines(cell, console.options, pad=False)
    return Text(" ").join(Text("".join(segment.text for segment in line).strip()) for line in lines)
