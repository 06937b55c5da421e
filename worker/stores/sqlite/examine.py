"""What a file of traces says of itself for `assay doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assay.worker.ports.health import Check
from assay.worker.records.private_files import open_to_others


def ages_check(project: str, row: Mapping[str, Any], now: datetime) -> Check:
    """How many traces there are and how old they are. Without any, the next step is to import some."""
    if not row["traces"]:
        remedy = "`assay import FILE` takes traces in"
        return Check(name="store", status="warn", message=f"embedded, project {project}: no traces yet", remedy=remedy)
    newest, oldest = _ago(now, row["newest"]), _ago(now, row["oldest"])
    count = "1 trace" if row["traces"] == 1 else f"{row['traces']:,} traces"
    ages = newest if newest == oldest else f"newest {newest}, oldest {oldest}"
    return Check(
        name="store",
        status="ok",
        message=f"embedded, project {project}: {count}, {ages}",
        details={"traces": row["traces"], "newest": row["newest"], "oldest": row["oldest"]},
    )


def _ago(now: datetime, start: str) -> str:
    """The age of a moment in words: `30 minutes old`."""
    age = now - datetime.fromisoformat(start)
    if age < -timedelta(minutes=5):
        return f"dated in the future ({start[:16]})"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = int(age / length)
        if count >= (2 if unit != "minute" else 1):
            return f"{count} {unit}s old" if count != 1 else f"1 {unit} old"
    return "just now"


def rights_check(path: Path) -> Check | None:
    """What to do about a store that others may read. None where they may not."""
    if open_to_others(path) is None or open_to_others(path.parent) is None:
        return None
    return Check(
        name="store file",
        status="warn",
        message=f"{path} can be read by others on this machine: it holds what your users wrote",
        remedy=f"chmod go= {path}*, unless that is meant",
    )
