"""From a fetched trace to what a judge may see of it and what the record is told of it.

It asks nobody and waits for nothing, so it is done off the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from assay.judges.errors import UnjudgeableSample
from assay.judges.prices import PriceTable
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_detail, redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import Skipped
from assay.worker.config.fact_names import FactNames
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.extraction.samples import sample_of
from assay.worker.extraction.told_by_metadata import told_by_metadata
from assay.worker.flow.fingerprints import with_fingerprints, with_fingerprints_of_skipped
from assay.worker.flow.redacted_facts import redacted_facts
from assay.worker.flow.verdicts import verdict_key
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import Trace


class Prepared(NamedTuple):
    """A trace that can be judged.

    Attributes:
        entry: its ledger entry.
        shown: what a judge may see of it.
        key: where a verdict on it is kept.
        facts: what it says of itself, without private values.
        session_id: the session that scores may be posted to. None where its id is a private value.
        root_id: the store's id of its root observation.
    """

    entry: LedgerEntry
    shown: RedactedSample
    key: str
    facts: TraceFacts
    session_id: str | None
    root_id: str = ""


class Unjudgeable(NamedTuple):
    """A trace that no judge can judge, and why. Its facts are known all the same."""

    entry: LedgerEntry
    outcome: Skipped
    facts: TraceFacts


@dataclass(frozen=True)
class Preparing:
    """How the traces of one rubric are prepared.

    Attributes:
        rubric: where the parts of a sample are.
        revision: the evaluator's.
        redaction: what no judge may see of a use case's text.
        prices: what models cost, for traces that do not say it.
        names: where traces hold feature and user tier.
    """

    rubric: Rubric
    revision: str
    redaction: Callable[[str], Redaction]
    prices: PriceTable | None = None
    names: FactNames = field(default_factory=FactNames)

    def prepare(self, entry: LedgerEntry, trace: Trace) -> Prepared | Unjudgeable:
        """What becomes of one trace. Whatever else it raises is a fault of our reading."""
        redaction = self.redaction(entry.promise.use_case)
        extraction = extract(trace, self.rubric.sample)
        own = facts_of(trace, extraction, self.prices, self._told(trace))
        facts = redacted_facts(own, redaction)
        try:
            shown = redacted_sample(sample_of(trace, extraction), redaction)
        except UnjudgeableSample as exc:
            skipped = Skipped(reason=exc.reason, detail=redacted_detail(exc.detail, redaction))
            return Unjudgeable(entry, skipped, with_fingerprints_of_skipped(facts, extraction, redaction))
        facts = with_fingerprints(facts, shown.sample.question, shown.sample.response)
        session_id = own.session_id if facts.session_id == own.session_id else None
        return Prepared(
            entry, shown, verdict_key(shown.sample, self.revision), facts, session_id, trace.root.observation_id
        )

    def _told(self, trace: Trace) -> dict[str, str | None]:
        """What the application says under keys of its own."""
        metadata, names = trace.root.metadata, self.names
        return {
            "feature": told_by_metadata(metadata, names.feature),
            "user_tier": told_by_metadata(metadata, names.user_tier),
        }
