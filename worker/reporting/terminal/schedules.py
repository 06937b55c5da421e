"""How scheduled golden sets stand: a line each, and one for every run of an earlier slot that has not ended."""

from __future__ import annotations

from rich.text import Text

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotRecord, SlotState
from assay.worker.reporting.terminal.text import without_controls


def schedule_line(status: ScheduleStatus) -> Text:
    """How one golden set stands. What is overdue stands out; runs of other slots stand in lines of their own."""
    line = Text(f"golden set {status.golden_set}: ")
    if status.problem:
        line.append(without_controls(status.problem), "yellow")
    elif status.overdue_s:
        line.append(
            f"OVERDUE by {status.overdue_s / 60:.0f} minutes (due {status.overdue_since:%Y-%m-%d %H:%M} UTC)", "red"
        )
        line.append(f"; {_told(status.record)}" if status.record is not None else "")
    elif status.is_unscheduled:
        line.append("no schedule any more" + (f"; last run {_told(status.last_run)}" if status.last_run else ""))
    elif status.record is None:
        line.append("has not come due yet")
    else:
        line.append(_told(status.record))
    if status.next_slot is not None:
        line.append(f"; next {status.next_slot:%Y-%m-%d %H:%M} UTC")
    for record in status.others:
        line.append(f"\n  not ended: {_told(record)}")
    return line


def _told(record: SlotRecord) -> str:
    """How far one run is, and how it ended."""
    waits = str(record.waits) if record.state is SlotState.WAITING and record.waits is not None else ""
    parts = (waits, record.verdict, record.detail, record.shown, record.announced)
    told = "".join(f", {part}" for part in parts if part)
    return f"{record.slot:%Y-%m-%d %H:%M} UTC {record.state.value}{without_controls(told)}"
