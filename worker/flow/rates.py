"""Which rate holds in a window.

A stored rate stays as it is. A new one comes from the traffic of the days, or of the hour, before the window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.ports.windows import Windows
from assay.worker.records.windows import ResolvedRate, WindowRecord

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


async def resolve_rates(
    windows: Windows, deployment: Deployment, window: WindowRecord, seen: Mapping[str, int]
) -> dict[str, ResolvedRate]:
    """Rates of the use cases that have traces in a window.

    Args:
        windows: the windows before it.
        deployment: the use cases.
        window: the window.
        seen: how many traces each use case has in it.

    Raises:
        StateUnavailable
    """
    missing = [case for case in deployment.use_cases if seen.get(case.name) and case.name not in window.rates]
    if not missing:
        return window.rates
    history = await windows.between(_midnight(window.start) - 7 * _DAY, window.start)
    fresh = {case.name: _resolve(case, deployment, history, window, seen[case.name]) for case in missing}
    return {**window.rates, **fresh}


def _resolve(
    use_case: UseCase, deployment: Deployment, history: Sequence[WindowRecord], window: WindowRecord, seen_now: int
) -> ResolvedRate:
    name = use_case.name
    last_hour = [w.seen.get(name, 0) for w in history if w.start > window.start - _HOUR]
    pace = (sum(last_hour) + seen_now) / (len(last_hour) + 1) * 86400 / deployment.window_seconds
    previous = next((w.rates[name] for w in reversed(history) if name in w.rates), None)
    return selection.resolve_rate(
        use_case,
        deployment.defaults,
        daily_volumes=_complete_days(history, name, deployment.window_seconds),
        pace_per_day=pace,
        was_full=previous is not None and previous.why == "low_traffic",
    )


def _complete_days(history: Sequence[WindowRecord], use_case: str, window_seconds: int) -> list[int]:
    """Volumes of the days on which every window was scanned, since the use case first had a trace.

    A day half seen would understate the traffic, and so would days before the use case existed.
    """
    born = next((_midnight(w.start) for w in history if use_case in w.rates), None)
    seen: Counter[datetime] = Counter()
    windows: Counter[datetime] = Counter()
    for window in history:
        windows[_midnight(window.start)] += 1
        seen[_midnight(window.start)] += window.seen.get(use_case, 0)
    whole = 86400 // window_seconds
    return [seen[day] for day, n in windows.items() if n >= whole and born is not None and day > born]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
