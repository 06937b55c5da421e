"""A judge that saw only a part decides no golden item: a gate never passes because something was not judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.judges.schema import GroundingState, ResponseKind, Scored, Span, Tier, Verdict
from assay.worker.golden.results.item_status import ItemStatus, decide
from assay.worker.golden.sets.manifest import GoldenItem
from tests.unit.worker.golden.golden_sets import IDS, a_set

ITEMS = {
    "answer": GoldenItem(id="i", question="?", contexts=("It rains.",)),
    "refusal": GoldenItem(id="i", question="?", contexts=("It rains.",), expect="refusal"),
}


def judged(state: GroundingState, **verdict: Any) -> Scored:
    scores = {"groundedness": 1.0, "faithfulness": 1.0, "hallucination_risk": 0.0}
    told = Verdict(judge="local", tier=Tier.LLM, kind=ResponseKind.REFUSAL, **verdict)
    return Scored(scores=scores, not_applicable={}, state=state, comment="", revision="r", verdict=told)


@pytest.mark.parametrize("item", ITEMS)
def test_item_judged_in_part_is_missing_whatever_is_expected(tmp_path: Path, item: str) -> None:
    manifest = a_set(tmp_path, {"old": dict.fromkeys(IDS, "It rains.")}).manifest
    parts = [
        judged(GroundingState.PARTLY_JUDGED, unjudged=(Span(start=0, end=5),)),
        judged(GroundingState.PARTIAL_CONTEXT, prompt_cut=True),
    ]
    for outcome in parts:
        status, (reason,) = decide(ITEMS[item], "It rains.", outcome, manifest)
        assert status is ItemStatus.MISSING
        assert reason.startswith(f"{outcome.state.value}: the judge saw only a part")
    status, _ = decide(ITEMS["refusal"], "No.", judged(GroundingState.REFUSAL), manifest)
    assert status is ItemStatus.PASSED
