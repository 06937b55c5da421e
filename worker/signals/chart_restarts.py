"""Acknowledged alarms of flag charts: whoever takes note of one lets its chart begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from assay.worker.ports.key_values import KeyValues
from assay.worker.signals.flag_charts import Charts, Series

KEPT_S = 7 * 86_400
"""Charts are looked at each minute, so a week is enough for a fleet that stands still over days off."""


async def acknowledge(key_values: KeyValues, series: Series, now: datetime) -> None:
    """Let the chart of a use case and rubric begin anew at its next look.

    Raises:
        StateUnavailable
    """
    await key_values.keep(_key(series.key), now.isoformat().encode(), ttl_s=KEPT_S, replace=True)


async def restarts_of(key_values: KeyValues, charts: Charts) -> Mapping[str, datetime]:
    """When the alarm of each chart was acknowledged last. Those that never were are absent.

    Raises:
        StateUnavailable
    """
    names = {_key(series): series for series in charts.by_series}
    kept = await key_values.kept(list(names)) if names else {}
    return {names[key]: datetime.fromisoformat(raw.decode()) for key, raw in kept.items()}


def _key(series: str) -> str:
    return f"signals:restart:{series}"
