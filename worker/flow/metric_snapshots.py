"""Samples that a tick computed, kept in the state until the next one, so that every control worker can serve them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from assay.worker.ports.key_values import KeyValues
from assay.worker.records.metrics.metric import MetricSnapshot

PARTS = ("quality", "slo", "drift")
"""What is computed, each by a tick of its own or a part of one."""

KEPT_S = 3 * 86_400
"""Beyond it a value says nothing. Rules look at when it was computed long before."""


async def keep_snapshot(key_values: KeyValues, snapshot: MetricSnapshot) -> None:
    """Keep a snapshot in place of the one of its part before.

    Raises:
        StateUnavailable
    """
    raw = snapshot.model_dump_json().encode()
    await key_values.keep(_key(snapshot.part), raw, ttl_s=KEPT_S, replace=True)


async def kept_snapshots(key_values: KeyValues) -> Sequence[MetricSnapshot]:
    """The last snapshot of each part. One that an Assay of another version wrote in another form is left out.

    Raises:
        StateUnavailable
    """
    kept = await key_values.kept([_key(part) for part in PARTS])
    snapshots = []
    for raw in kept.values():
        try:
            snapshots.append(MetricSnapshot.model_validate_json(raw))
        except ValidationError:
            continue
    return snapshots


def _key(part: str) -> str:
    return f"signals:{part}"
