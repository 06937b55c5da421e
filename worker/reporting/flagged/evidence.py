"""What a flagged sentence was held against, read out of its trace once more."""

from __future__ import annotations

from assay.judges.errors import UnjudgeableSample
from assay.judges.grades import cited_text
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


def judged_sample(entry: LedgerEntry, fetched: Fetched | None, rubric: Rubric | None) -> tuple[Sample | None, str]:
    """What was judged, taken out of the trace once more, or why it cannot be shown.

    A verdict's offsets count in what was judged. A trace that grew since, or another rubric's selectors, would show
    words that no judge ever saw.
    """
    if rubric is None:
        return None, "the rubric that judged it is not known any more"
    if fetched is None:
        return None, "the store does not have the trace any more"
    if isinstance(fetched, StoreError):
        return None, f"the trace could not be read: {fetched}"
    try:
        sample = build_sample(fetched, rubric.sample)
    except UnjudgeableSample:
        return None, "the trace has changed since it was judged"
    key = entry.judgement.verdict_key if entry.judgement else ""
    if sample.content_hash() != key.rpartition(":")[2]:
        return None, "the trace has changed since it was judged"
    return sample, ""


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
