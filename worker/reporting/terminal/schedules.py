"""How scheduled golden sets stand, a line each."""

from __future__ import annotations

from rich.text import Text

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotState
from assay.worker.reporting.terminal.text import without_controls


def schedule_line(status: ScheduleStatus) -> Text:
    """How one scheduled golden set stands, in a line. What is overdue stands out."""
    line = Text(f"golden set {status.golden_set}: ")
    if status.problem:
        line.append(without_controls(status.problem), "yellow")
    elif status.overdue_s:
        line.append(
            f"OVERDUE by {status.overdue_s / 60:.0f} minutes (due {status.last_slot:%Y-%m-%d %H:%M} UTC)", "red"
        )
    elif status.record is None:
        line.append("has not come due yet")
    else:
        record = status.record
        line.append(f"{record.slot:%Y-%m-%d %H:%M} UTC {record.state.value}")
        waits = str(record.waits) if record.state is SlotState.WAITING and record.waits is not None else ""
        told = [part for part in (waits, record.verdict, record.detail, record.shown, record.announced) if part]
        line.append(without_controls("".join(f", {part}" for part in told)))
    if status.next_slot is not None:
        line.append(f"; next {status.next_slot:%Y-%m-%d %H:%M} UTC")
    return line
