"""Words of others in a record: half of a surrogate pair never keeps one from being stored."""

from __future__ import annotations

import pytest

from assay.judges.schema import Failed, Grade, PanelVote, Record, RuleHit, Skipped, Span, Tier, TierStep, Verdict

HALF = "a\ud800b"
WHOLE = "a\ufffdb"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (Grade(score="s", level="l", reason=HALF), "reason"),
        (RuleHit(rule="r", span=Span(start=0, end=1), detail=HALF), "detail"),
        (TierStep(tier=Tier.LLM, judge="llm", outcome="decided", reason=HALF), "reason"),
        (Verdict(judge="j", tier=Tier.LLM, explanation=HALF), "explanation"),
        (Verdict(judge="j", tier=Tier.LLM, review_reason=HALF), "review_reason"),
        (Failed(error="E", message=HALF), "message"),
        (Skipped(reason="r", detail=HALF), "detail"),
        (PanelVote(model="m", served=HALF), "served"),
    ],
)
def test_half_a_surrogate_pair_becomes_one_replacement_and_offsets_stay(record: Record, field: str) -> None:
    assert getattr(record, field) == WHOLE
    assert type(record).model_validate_json(record.model_dump_json()) == record
