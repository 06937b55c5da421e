"""How often does a chart of flags alarm without a reason, and how soon does it see a rise?

    python -m benchmarks.flag_charts
    python -m benchmarks.flag_charts --series 20

Weeks of one use case with an objective of 5 % flagged, in sessions of one to eight traces. Each day's traces are taken
as the tick of signals takes them: its limit by the day's traffic and by how far flags come together.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from assay.worker.signals.flag_charts import FEWEST_A_DAY, MOST_TOGETHER, WEEKS_BETWEEN_ALARMS, limit_of, together_of
from assay.worker.statistics.cusum import BernoulliCusum

ALLOWED, USUAL = 0.05, 0.03
DAYS = 140
TURNS = (1, 8)
MOST_DAYS = 60
"""A rise that is not seen by then counts as this many days."""


def day(
    rate: float, traces: int, correlation: float, generator: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Flags of a day's traces, and their sessions."""
    sizes = generator.integers(TURNS[0], TURNS[1] + 1, size=max(1, round(traces / (sum(TURNS) / 2))))
    share = np.full(sizes.size, rate)
    if correlation:
        scale = (1 - correlation) / correlation
        share = generator.beta(rate * scale, (1 - rate) * scale, size=sizes.size)
    sessions = np.repeat(np.arange(sizes.size, dtype=np.int64), sizes)
    return generator.random(sessions.size) < share[sessions], sessions


def first_alarm(start: float, flags: NDArray[np.bool_], sessions: NDArray[np.int64]) -> tuple[float, int | None]:
    """The sum after a day, and which of its traces was the alarm."""
    between = max(flags.size, FEWEST_A_DAY) * 7 * WEEKS_BETWEEN_ALARMS
    limit = limit_of(ALLOWED, between) * min(MOST_TOGETHER, max(1.0, together_of(flags, sessions)))
    chart = BernoulliCusum(ALLOWED, 2 * ALLOWED, limit)
    path = chart.path(flags, start)
    return float(path[-1]), chart.first_alarm(path)


def false_alarms(rate: float, traces: int, correlation: float, series: int, generator: np.random.Generator) -> int:
    """Alarms of so many series; each begins anew after one."""
    alarms = 0
    for _ in range(series):
        value = 0.0
        for _ in range(DAYS):
            value, at = first_alarm(value, *day(rate, traces, correlation, generator))
            if at is not None:
                alarms, value = alarms + 1, 0.0
    return alarms


def delay(to: float, traces: int, generator: np.random.Generator) -> float:
    """Days until a rise from `USUAL` is seen, after three quiet ones."""
    value = 0.0
    for _ in range(3):
        value, _ = first_alarm(value, *day(USUAL, traces, 0.15, generator))
    for number in range(MOST_DAYS):
        flags, sessions = day(to, traces, 0.15, generator)
        value, at = first_alarm(value, flags, sessions)
        if at is not None:
            return number + at / flags.size
    return float(MOST_DAYS)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=20)
    chosen, generator = parser.parse_args(), np.random.default_rng(7)
    weeks = chosen.series * DAYS // 7
    print(f"false alarms in {weeks} weeks, objective {ALLOWED:.0%}")
    for traces in (100, 1000):
        for rate in (0.02, 0.03, 0.05):
            counts = [false_alarms(rate, traces, icc, chosen.series, generator) for icc in (0.0, 0.15)]
            print(
                f"  {traces:>5} judged a day, {rate:.0%} flagged: {counts[0]}, in sessions alike (icc .15) {counts[1]}"
            )
    print(f"days until a rise from {USUAL:.0%} is seen, median of {chosen.series}")
    for traces in (100, 1000):
        medians = [float(np.median([delay(to, traces, generator) for _ in range(chosen.series)])) for to in RISES]
        shown = ", ".join(f"to {to:.0%}: {median:.1f}" for to, median in zip(RISES, medians, strict=True))
        print(f"  {traces:>5} judged a day: {shown}")


RISES = (0.08, 0.10, 0.15)

if __name__ == "__main__":
    main()
