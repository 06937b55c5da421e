"""Samples that a tick computed, kept in the state until the next one, so that every control worker can serve them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from pydantic import ValidationError

from assay.judges.cpu_executor import in_thread
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
    raw = await in_thread(_packed, snapshot)
    await key_values.keep(_key(snapshot.part), raw, ttl_s=KEPT_S, replace=True)


async def kept_snapshots(key_values: KeyValues) -> Sequence[MetricSnapshot]:
    """The last snapshot of each part. One that an Assay of another version wrote in another form is left out.

    Raises:
        StateUnavailable
    """
    kept = await key_values.kept([_key(part) for part in PARTS])
    return await in_thread(_unpacked, list(kept.values()))


def _packed(snapshot: MetricSnapshot) -> bytes:
    """Hundreds of use cases come to some ten megabytes, of which one in twenty is left."""
    return zlib.compress(snapshot.model_dump_json().encode(), level=1)


def _unpacked(kept: Sequence[bytes]) -> list[MetricSnapshot]:
    snapshots = []
    for raw in kept:
        try:
            snapshots.append(MetricSnapshot.model_validate_json(zlib.decompress(raw)))
        except (ValidationError, zlib.error):
            continue
    return snapshots


def _key(part: str) -> str:
    return f"signals:{part}"
