"""What a judge may see of a sample of a file."""

from __future__ import annotations

import hashlib

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_detail, redacted_sample
from assay.judges.schema import Sample, Skipped

NOTHING = Redaction()
"""Every text stays as it is."""


async def shown_sample(sample: Sample, redaction: Redaction) -> RedactedSample | Skipped:
    """The sample with placeholders. Skipped where its private values cannot be found for certain."""
    if redaction.is_empty:
        return redacted_sample(sample, redaction)
    try:
        return await in_thread(redacted_sample, sample, redaction)
    except UnjudgeableSample as exc:
        return Skipped(reason=exc.reason, detail=redacted_detail(exc.detail, redaction))


def sample_digest(sample: Sample, redaction: Redaction) -> str:
    """What a verdict line remembers of its sample, e.g. `3f2a9c0b17de4a55`.

    It is enough to see that the sample has changed since, or what is redacted in it.
    """
    digest = sample.content_hash()
    if not redaction.is_empty:
        digest = hashlib.sha256(f"{digest} {redaction.model_dump_json()}".encode()).hexdigest()
    return digest[:16]
