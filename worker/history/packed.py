"""The numbers of a row in one value, and one number for all its names: a report fetches two values, not thirty.

Each value that becomes an object of Python takes a tenth of a microsecond, so a million rows of thirty columns would
take three seconds before anything is counted. What is packed is in columns of its own, too, for people's SQL.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from assay.worker.records.columns import UNKNOWN_INTEGER
from assay.worker.records.history import cluster_of
from assay.worker.records.history_columns import COLUMN_KINDS

FLOATS = tuple(name for name, kind in COLUMN_KINDS.items() if kind == "number")
INTEGERS = tuple(name for name, kind in COLUMN_KINDS.items() if kind in {"integer", "moment"})

_OF_TRACES = {
    *("trace_id", "observation_id", "session_id", "window", "trace_name", "sample_hash"),
    *("release", "version"),
}
"""Texts that are others in each trace, or that an application may make so, as a build's number and the time."""

NAMES = tuple(name for name, kind in COLUMN_KINDS.items() if kind in {"text", "truth"} and name not in _OF_TRACES)
"""What most rows share with many others, as use case, revision and release."""

CLUSTER, NAMES_HASH, KEY = "cluster", "names_hash", "row_key"

PACKED = np.dtype(
    [
        *((name, "<f8") for name in FLOATS),
        *((name, "<i8") for name in (*INTEGERS, CLUSTER, NAMES_HASH)),
        (KEY, "V16"),
    ]
)
"""What the column `packed` holds. Another layout would be another format of the record."""

_LAYOUT = struct.Struct(f"<{len(FLOATS)}d{len(INTEGERS) + 2}q16s")


def packed_of(values: Mapping[str, Any]) -> bytes:
    """The packed value of a row whose columns are encoded and whose key is known."""
    floats = (_NAN if (value := values[name]) is None else value for name in FLOATS)
    integers = (UNKNOWN_INTEGER if (value := values[name]) is None else value for name in INTEGERS)
    cluster = cluster_of(values["session_id"], values["trace_id"])
    names = names_hash(tuple(values[name] for name in NAMES))
    return _LAYOUT.pack(*floats, *integers, cluster, names, values[KEY])


@lru_cache(maxsize=4_096)
def names_hash(names: tuple[str | bool | None, ...]) -> int:
    """A number of these names. Rows with one number have the same names."""
    digest = hashlib.blake2b(json.dumps(names).encode("ascii"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


_NAN = float("nan")
