"""The funnel as a table."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.worker.reporting.funnel import IN_STORE, Funnel, FunnelRow, is_fair_share
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
    if funnel.record_until is not None:
        told = f"days before {funnel.record_until} are told by the record, which knows nothing of what was not taken"
        reasons.append(f"[dim]{told}[/]")
    return Group(
        table, *(Text.from_markup(line) for line in (*reasons, f"[dim]{windows}; {rootless_words(funnel)}[/]"))
    )


def rootless_words(funnel: Funnel) -> str:
    """What is known of traces that no sweep can see. What was not looked at is not called zero."""
    looked = f"{funnel.rootless_windows:,} of {funnel.windows:,} windows"
    if funnel.unseen_rootless is None:
        so_far = f" ({looked} so far)" if funnel.rootless_windows else ""
        return f"traces without a root: too few windows counted to say{so_far}"
    count = f"about {funnel.unseen_rootless:,}" if funnel.unseen_rootless else "no"
    few = "" if is_fair_share(funnel.rootless_windows, funnel.windows) else ", too few to say how many there are in all"
    return f"{count} traces without a root, never judged, in the {looked} looked through{few}"


def _reasons(row: FunnelRow) -> str:
    """How a row's traces ended, in words: `bot (grounding): scored 174 judged, 130 evidence silent`."""
    parts = (
        *(("scored", row.scored), ("skipped", row.skipped), ("dead", row.dead)),
        *(("in flight", row.in_flight), ("of these held by", row.held)),
    )
    told = [
        f"{name} " + ", ".join(f"{n:,} {shown(_words(reason))}" for reason, n in sorted(part.items()))
        for name, part in parts
        if any(part)
    ]
    return f"{row.use_case} [dim]({row.rubric})[/]: {'; '.join(told)}" if told else ""


def _words(reason: str) -> str:
    return "found in the store, judged under an earlier ledger" if reason == IN_STORE else reason.replace("_", " ")
