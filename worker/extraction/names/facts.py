"""The table of dialects by name: what a name stands for, and where to look for names at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from assay.worker.extraction.names.dialects import DIALECTS, Dialect, FactName


class Naming(NamedTuple):
    """What a name stands for, and how telling it is; the least rank is the most telling."""

    name: str
    fact: FactName
    rank: int
    dialect: Dialect


def _namings() -> Iterator[Naming]:
    entries = ((dialect, fact, key) for dialect in DIALECTS for fact, keys in dialect.names.items() for key in keys)
    for rank, (dialect, fact, key) in enumerate(entries):
        places = [f"{place}." for place in dialect.places] or [""]
        yield from (Naming(f"{place}{key}", fact, rank, dialect) for place in places)


_NAMINGS = {naming.name: naming for naming in _namings()}
_AROUND = "attributes"
"""What stores put around the attributes of a span: `attributes.gen_ai.system`, or an object of that name."""
NAMINGS: dict[str, Naming] = {f"{_AROUND}.{name}": naming for name, naming in _NAMINGS.items()} | _NAMINGS
"""By name: `gen_ai.usage.input_tokens` is the `input` of OpenTelemetry GenAI."""
MODEL_KEYS = ("model", "model_name", "modelVersion", "model_version", "modelId", "model_id")
"""Under which a request and a reply name their model: `{"model": "gpt-4o-2024-08-06", "choices": [...]}`."""
BEGINNINGS = frozenset(name[:at] for name in NAMINGS for at in range(len(name)) if name[at] == ".")
"""What a name of the table begins with, up to a dot: objects elsewhere in metadata are not looked into."""
