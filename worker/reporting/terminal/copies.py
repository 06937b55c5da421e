"""How the copies of scores for a further place stand, on one line."""

from __future__ import annotations

from datetime import datetime, timedelta

from assay.worker.ports.copies import CopyCounts

LATE = timedelta(minutes=5)
"""A copy that has waited for longer is told with its age."""


def copies_line(place: str, counts: CopyCounts, now: datetime) -> str:
    """Example: `copies to audit: 3 traces to write, 2 to be shown, 40 verified, 1 given up (rejected)`."""
    parts = [f"{counts.waiting:,} traces to write", f"{counts.written:,} to be shown"]
    words = {"verified": "verified", "unverified": "unverified", "given_up": "given up"}
    for ended in counts.ended:
        reason = f" ({ended.reason})" if ended.reason else ""
        parts.append(f"{ended.traces:,} {words[ended.outcome]}{reason}")
    age = now - counts.oldest if counts.oldest else timedelta()
    late = f"; the oldest waits for {age.total_seconds() / 60:,.0f} min" if age > LATE else ""
    return f"copies to {place}: {', '.join(parts)}{late}"
