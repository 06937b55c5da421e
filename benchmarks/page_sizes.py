"""How much is feared that answers of one session go wrong together, and what does that cost a page?

    python -m benchmarks.page_sizes

The page asks for a flagged share above 20 % among the last 30 judged traces, and for an exact lower bound above 5 %.
Its bound counts fewer traces than there are, the more the answers of one session are feared to be alike. Traffic in
sessions of one to eight turns is looked at after each trace: once where nothing changes, once after a jump.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.worker.signals.quality_rates import ALARM_ALPHA
from assay.worker.statistics.alarms import exact_lower_bound, worth_of

FEARS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
WINDOW, SHARE, ALLOWED = 30, 0.20, 0.05
A_DAY, DAYS = 1000, 150
EPISODE_S = 1800.0
"""Pages less than so far apart are one."""

USUAL, REPEATS, MOST = 0.025, 60, 500
"""Share before a jump, jumps, and the traces after which one counts as unseen."""

Stream = tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]
"""Flags, sessions and moments, in the order of time."""


def stream(traces: int, rate: float, correlation: float, generator: np.random.Generator) -> Stream:
    """Some traffic at a thousand traces a day."""
    count = max(1, round(traces / 4.5))
    sizes = generator.integers(1, 9, count)
    shares = np.full(count, rate)
    if correlation:
        scale = (1 - correlation) / correlation
        shares = generator.beta(rate * scale, (1 - rate) * scale, count)
    session = np.repeat(np.arange(count), sizes)
    begins = np.repeat(generator.random(count) * traces / A_DAY * 86_400, sizes)
    turns = np.concatenate([np.cumsum(generator.exponential(90, size)) for size in sizes])
    order = np.argsort(begins + turns)
    flags = generator.random(session.size) < shares[session]
    return flags[order], session[order], (begins + turns)[order]


def pages(flags: NDArray[np.bool_], sessions: NDArray[np.int64], feared: float) -> list[int]:
    """After which traces the page's conditions hold."""
    counts = np.convolve(flags, np.ones(WINDOW), "valid")
    holding = []
    for at in np.flatnonzero(counts / WINDOW > SHARE).tolist():
        worth = worth_of(np.ones(WINDOW), flags[at : at + WINDOW], sessions[at : at + WINDOW], feared=feared)
        if worth and exact_lower_bound(min(worth.n, worth.share * worth.n), worth.n, ALARM_ALPHA) > ALLOWED:
            holding.append(at + WINDOW - 1)
    return holding


def false_pages(rate: float, correlation: float, feared: float, generator: np.random.Generator) -> float:
    """In 30 days."""
    flags, sessions, moments = stream(A_DAY * DAYS, rate, correlation, generator)
    held = moments[pages(flags, sessions, feared)]
    return (held.size and 1 + int((np.diff(held) > EPISODE_S).sum())) * 30 / DAYS


def delay(to: float, correlation: float, feared: float, generator: np.random.Generator) -> int:
    """Traces after a jump until the page."""
    before, after = stream(200, USUAL, correlation, generator), stream(MOST, to, correlation, generator)
    flags = np.concatenate([before[0], after[0]])
    sessions = np.concatenate([before[1], after[1] + 10**6])
    first = next((at for at in pages(flags, sessions, feared) if at >= before[0].size), None)
    return MOST if first is None else first - before[0].size + 1


def main() -> None:
    """Print both tables."""
    print(f"false pages in 30 days, {DAYS} days of {A_DAY} traces")
    for rate in (0.03, 0.05):
        for correlation in (0.0, 0.1, 0.3):
            each = [false_pages(rate, correlation, feared, np.random.default_rng(1)) for feared in FEARS]
            _tell(f"{rate:.0%} flagged, correlation {correlation}", [f"{number:.1f}" for number in each])
    print(f"traces until the page after a jump from {USUAL:.1%}: median of {REPEATS}, and the worst tenth")
    for to in (0.2, 0.25, 0.3, 0.4, 0.5):
        told = []
        for feared in FEARS:
            generator = np.random.default_rng(2)
            delays = [delay(to, 0.1, feared, generator) for _ in range(REPEATS)]
            told.append(f"{np.median(delays):.0f} ({np.quantile(delays, 0.9):.0f})")
        _tell(f"to {to:.0%}, correlation 0.1", told)


def _tell(name: str, values: list[str]) -> None:
    print(f"  {name:34}" + "".join(f"  {feared:g}: {value:>10}" for feared, value in zip(FEARS, values, strict=True)))


if __name__ == "__main__":
    main()
