"""Kept verdicts: where they lie and how they are packed, between judging and writing."""

from __future__ import annotations

import zlib

from judges.schema import Sample, Scored


def verdict_key(sample: Sample, revision: str, purpose: str = "production") -> str:
    """Where a verdict is kept: by what was judged, by which evaluator revision and for what."""
    return f"{purpose}:{revision}:{sample.content_hash()}"


def pack(outcome: Scored) -> bytes:
    """Compressed JSON of a scored outcome."""
    return zlib.compress(outcome.model_dump_json().encode("utf-8", "surrogatepass"))


def unpack(raw: bytes) -> Scored:
    """The outcome that `pack` packed."""
    return Scored.model_validate_json(zlib.decompress(raw))
