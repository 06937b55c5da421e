"""What a flagged sentence was held against, read out of its trace once more."""

from __future__ import annotations

from collections.abc import Callable

from assay.judges.errors import ConfigurationError, UnjudgeableSample
from assay.judges.grades import cited_text
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import Citation, Record, Sample
from assay.worker.extraction.samples import build_sample
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.ledger import LedgerEntry
from assay.worker.reporting.flagged.problem import Problem


class EvidenceText(Record):
    """A stretch of the sample that a sentence was held against. `text` is None where it can no longer be shown."""

    citation: Citation
    text: str | None


def judged_sample(
    entry: LedgerEntry, fetched: Fetched | None, rubric: Rubric | None, redaction: Callable[[str], Redaction]
) -> tuple[RedactedSample | None, str]:
    """What was judged, taken out of the trace once more, or why it cannot be shown.

    A verdict's offsets count in what was judged. A trace that grew since, another rubric's selectors, or another
    redaction would show words that no judge ever saw.
    """
    if rubric is None:
        return None, "the rubric that judged it is not known any more"
    if fetched is None or isinstance(fetched, StoreError):
        return (
            None,
            f"the trace could not be read: {fetched}" if fetched else "the store does not have the trace any more",
        )
    try:
        shown = redacted_sample(build_sample(fetched, rubric.sample), redaction(entry.promise.use_case))
    except UnjudgeableSample:
        return None, "the trace has changed since it was judged"
    except ConfigurationError:
        return None, f"use case {entry.promise.use_case} is not configured any more, so it is not known what to redact"
    key = entry.judgement.verdict_key if entry.judgement else ""
    if shown.sample.content_hash() != key.rpartition(":")[2]:
        return None, "the trace, or what of it is redacted, has changed since it was judged"
    return shown, ""


def evidence_of(problem: Problem, sample: Sample | None, why_not: str) -> tuple[tuple[EvidenceText, ...], str]:
    """What a sentence was held against, and a note where there is nothing to show."""
    if problem.held_against:
        texts = tuple(EvidenceText(citation=c, text=_cited(c, sample)) for c in problem.held_against)
        return texts, "" if sample else why_not
    if not problem.needs_evidence:
        return (), ""
    if sample is None:
        return (), "nothing in the evidence"
    passages = len(sample.contexts)
    if not passages:
        return (), "no evidence was captured"
    return (), f"nothing in the evidence ({passages} passage{'' if passages == 1 else 's'})"


def _cited(citation: Citation, sample: Sample | None) -> str | None:
    if sample is None:
        return None
    return cited_text(sample, citation.part, citation.index)[citation.start : citation.end]
