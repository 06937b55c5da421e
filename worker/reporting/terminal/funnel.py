"""The funnel as a table."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.worker.reporting.funnel import Funnel, FunnelRow
from assay.worker.reporting.terminal.text import shown


def funnel_table(funnel: Funnel) -> Group:
    """From seen to scored, one row per use case and rubric, and below why what ended how."""
    table = Table(
        title=f"Traces started {funnel.first} to {funnel.last} (UTC)",
        title_justify="left",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    table.add_column("use case", no_wrap=True)
    for name in ("seen", "not\ntaken", "selected", "scored", "skipped", "dead", "in\nflight", "sums\nhold"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in funnel.rows:
        table.add_row(
            row.use_case,
            *(f"{n:,}" for n in (row.seen, row.not_selected, row.selected)),
            *(f"{sum(part.values()):,}" for part in (row.scored, row.skipped, row.dead, row.in_flight)),
            "[green]yes[/]" if row.adds_up else "[red]NO[/]",
        )
    reasons = [line for row in funnel.rows if (line := _reasons(row))]
    windows = (
        f"{funnel.windows} windows; {funnel.unmatched} traces matched no use case, {funnel.excluded} excluded, "
        f"{funnel.unfinished} not finished yet, {funnel.late} seen only after late_seconds"
    )
    return Group(
        table, *(Text.from_markup(line) for line in (*reasons, f"[dim]{windows}; {rootless_words(funnel)}[/]"))
    )


def rootless_words(funnel: Funnel) -> str:
    """What is known of traces that no sweep can see."""
    if funnel.unseen_rootless is None:
        return "traces without a root: unknown, no window was looked through for them yet"
    looked = f"{funnel.rootless_windows} of {funnel.windows} windows looked through"
    return f"about {funnel.unseen_rootless:,} traces without a root, never judged, in {looked}"


def _reasons(row: FunnelRow) -> str:
    """How a row's traces ended, in words: `bot (grounding): scored 174 judged, 130 evidence silent`."""
    parts = (("scored", row.scored), ("skipped", row.skipped), ("dead", row.dead), ("in flight", row.in_flight))
    told = [
        f"{name} " + ", ".join(f"{n:,} {shown(reason.replace('_', ' '))}" for reason, n in sorted(part.items()))
        for name, part in parts
        if any(part)
    ]
    return f"{row.use_case} [dim]({row.rubric})[/]: {'; '.join(told)}" if told else ""
