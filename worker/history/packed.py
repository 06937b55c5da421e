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

FLOATS = (
    *("pi", "pi2", "duration_s", "first_token_s", "cost_usd", "risk", "faithfulness", "groundedness"),
    "judge_cost_usd",
)
INTEGERS = (
    *("started_at", "ended_at", "selected_at", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"),
    *("model_calls", "passages", "changed_at", "attempts", "judge_calls", "judge_input_tokens", "judge_output_tokens"),
)
"""The numbers of the first format, in its order. Later columns are read as they are: another list would be another
layout, and rows that were written before could not be read."""

NAMES = (
    *("store", "project", "rubric", "rubric_hash", "calibration_hash", "use_case", "stratum", "sample", "environment"),
    *("level", "prompt_name", "prompt_version", "model_asked", "model_served", "provider", "finish_reason"),
    *("cost_from", "state", "reason", "revision", "judge", "tier", "judge_model", "flagged_kind", "calibrated"),
    *("degraded", "needs_review", "from_store"),
)
"""What most rows share with many others, as use case, revision and model, of the first format, too."""

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
