"""What the receiver counts of its own work. A scrape reads it from another thread; every change is one step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counts:
    """Counts since the start.

    Attributes:
        requests: by signal and status, e.g. ("traces", 200).
        spans: by what became of them: kept, rejected.
        events: of logs, the same.
        bytes: of bodies, inflated.
        strange_times: spans whose start is more than a day from when they came.
        forgotten: traces deleted because of their age.
        held_bytes: of requests that are not answered yet.
        open_requests: those requests.
        turned_at: when the loop last turned (monotonic).
    """

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    strange_times: int = 0
    forgotten: int = 0
    held_bytes: int = 0
    open_requests: int = 0
    turned_at: float = 0.0
