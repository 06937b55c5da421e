"""Kept verdicts: where they lie and how they are packed, between judging and writing."""

from __future__ import annotations

import zlib

from pydantic import ValidationError

from assay.judges.schema import Record, Sample, Scored
from assay.worker.records.particulars import Spent


class KeptVerdict(Record):
    """A scored outcome and the trace that paid for it. Traces with the very same content share it."""

    trace_id: str
    outcome: Scored

    def cost_for(self, trace_id: str) -> float | None:
        """What this trace adds to the bill: the verdict's cost for the trace that paid, 0 for the others."""
        if trace_id != self.trace_id or self.outcome.verdict is None:
            return 0.0
        return self.outcome.verdict.cost_usd

    def spent_for(self, trace_id: str) -> Spent:
        """What this trace has taken: all of it for the trace that paid, nothing for the others."""
        if trace_id != self.trace_id or self.outcome.verdict is None:
            return Spent()
        return Spent.of(self.outcome.verdict.usage, self.outcome.verdict.cost_usd)


def verdict_key(sample: Sample, revision: str, purpose: str = "production") -> str:
    """Where a verdict is kept: by what was judged, by which evaluator revision and for what."""
    return f"{purpose}:{revision}:{sample.content_hash()}"


def pack(kept: KeptVerdict) -> bytes:
    """Compressed JSON."""
    return zlib.compress(kept.model_dump_json().encode("utf-8", "surrogatepass"))


def unpack(raw: bytes) -> KeptVerdict | None:
    """The verdict. None if it cannot be read, as after an upgrade: that is as if it had expired."""
    try:
        return KeptVerdict.model_validate_json(zlib.decompress(raw))
    except (zlib.error, ValidationError):
        return None
