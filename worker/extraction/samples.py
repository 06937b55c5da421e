"""From a trace to the sample a judge may see, along the selectors its rubric names.

A missing part is missing: an absent question stays empty, absent evidence gives no contexts. Nothing is invented.
"""

from __future__ import annotations

from assay.judges.errors import UnjudgeableSample
from assay.judges.rubric import SamplePaths
from assay.judges.schema import Sample
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.names import ROLES
from assay.worker.records.traces import Trace

__all__ = ["ROLES", "build_sample", "sample_of"]


def build_sample(trace: Trace, paths: SamplePaths) -> Sample:
    """Extract question, history, contexts and response.

    Raises:
        UnjudgeableSample: the trace has no response (`no_response`).
    """
    return sample_of(trace, extract(trace, paths))


def sample_of(trace: Trace, extraction: Extraction) -> Sample:
    """The sample of what was extracted.

    Raises:
        UnjudgeableSample: no response was found (`no_response`).
    """
    if extraction.response is None:
        nothing = f"nothing at {', '.join(extraction.tried['response'])}"
        raise UnjudgeableSample("no_response", extraction.reasons.get("response", nothing))
    return Sample(
        id=trace.id,
        question=extraction.question.text if extraction.question else "",
        history=extraction.history,
        contexts=tuple(part.text for part in extraction.contexts),
        response=extraction.response.text,
        metadata={"trace_name": trace.root.name, "environment": trace.root.environment},
    )
