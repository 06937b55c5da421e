"""The parts that signals are computed in: what each came to last, and what it hands on to its next computation."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime, ValidationError

from assay.judges.cpu_executor import in_thread
from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.flag_charts import Charts
from assay.worker.signals.in_time import Promised

KEPT_S = 3 * 86_400
"""As long as snapshots for scrapes."""

Samples = dict[str, list[Sample]]
"""By window."""


class Memory(Record):
    """What a computation needs of those before it.

    Attributes:
        charts: of flags, as far as they have come.
        promised: how many promises there were, a while ago.
    """

    charts: Charts = Charts()
    promised: Sequence[Promised] = ()


class Computed(NamedTuple):
    """What a part came to."""

    samples: Samples
    memory: Memory = Memory()


class Part(NamedTuple):
    """One part.

    Attributes:
        name: under which it is kept, e.g. `day`.
        snapshot: the part of the snapshots for scrapes that it belongs to, e.g. `quality`.
        rest: it is not computed again before so many times as long as it took has passed.
        compute: does it, as of a moment.
        tells_time: whether `assay_signals_computed_timestamp_seconds` is that of its windows. Of two parts that share
            a window one does.
    """

    name: str
    snapshot: str
    rest: float
    compute: Callable[[Memory, datetime], Awaitable[Computed]]
    tells_time: bool = True


class KeptPart(Record):
    """What one computation came to, in one value: whoever is killed leaves all of it or nothing.

    Attributes:
        at: when it began. None: it never came to its end.
        tried_at: when it was last begun.
        took_s: how long that took.
        samples: by window.
        memory: for the next one.
    """

    at: AwareDatetime | None = None
    tried_at: AwareDatetime
    took_s: float
    samples: Mapping[str, Sequence[Sample]] = {}
    memory: Memory = Memory()


async def kept_part(key_values: KeyValues, name: str) -> KeptPart | None:
    """What a part came to last. None: never, or an Assay of another version kept it in another form.

    Raises:
        StateUnavailable
    """
    raw = (await key_values.kept([_key(name)])).get(_key(name))
    try:
        return KeptPart.model_validate_json(zlib.decompress(raw)) if raw else None
    except (ValidationError, zlib.error):
        return None


async def keep_part(key_values: KeyValues, name: str, part: KeptPart) -> None:
    """Keep what a part came to.

    Raises:
        StateUnavailable
    """
    raw = await in_thread(_packed, part)
    await key_values.keep(_key(name), raw, ttl_s=KEPT_S, replace=True)


def _packed(part: KeptPart) -> bytes:
    return zlib.compress(part.model_dump_json().encode(), level=1)


def _key(part: str) -> str:
    return f"signals:part:{part}"
