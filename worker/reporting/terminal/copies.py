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
    return f"copies to {place}: {', '.join(parts)}{late}{_why_waiting(place, counts)}"


def _why_waiting(place: str, counts: CopyCounts) -> str:
    """Why nobody writes them now; empty where somebody does."""
    if not counts.is_named:
        if not counts.waiting + counts.written:
            return "; no use case names it any more"
        return f"; no use case names it any more: name {place} in `copies_to` again, or they are given up after 24 h"
    if counts.held_until is None:
        return ""
    return f"; left alone until {counts.held_until:%H:%M:%S} UTC: {counts.held or 'it does not answer'}"
