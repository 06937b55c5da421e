"""Which scores a list looks at, and from where on they are bad."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.reporting.flagged.query import Cut, choose_cuts

GROUNDING = Rubric.model_validate({"name": "grounding", "risk_labels": {"medium": 0.2, "high": 0.7}})
TONE = Rubric.model_validate(
    {
        "name": "tone",
        "method": "checks",
        "judge": {"tiers": ["local"]},
        "checks": [
            {"score": "polite", "any_match": ["please"]},
            {"score": "swears", "direction": "minimize", "any_match": ["damn"]},
        ],
    }
)
BOTH = {"grounding": GROUNDING, "tone": TONE}


def words(**asked: Any) -> list[str]:
    return [cut.words for cut in choose_cuts(BOTH, **asked)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["hallucination_risk 0.7 or more"]),
        ({"at": 0.3, "side": "above"}, ["hallucination_risk 0.3 or more"]),
        ({"rubric": "tone"}, ["polite below 0.5", "swears 0.5 or more"]),
        ({"score": "swears"}, ["swears 0.5 or more"]),
        ({"score": "groundedness"}, ["groundedness below 0.5"]),
        ({"score": "polite", "side": "above", "at": 1.0}, ["polite 1 or more"]),
    ],
)
def test_cuts_are_the_rubrics_own_in_the_bad_direction(asked: dict[str, Any], expected: list[str]) -> None:
    assert words(**asked) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"score": "halucination_risk"}, "did you mean hallucination_risk"),
        ({"score": "Groundedness"}, "did you mean groundedness"),
        ({"score": "speed"}, "known: groundedness, faithfulness, hallucination_risk, polite, swears"),
        ({"score": "polite", "rubric": "grounding"}, "not given by rubric grounding"),
        ({"score": "grounding_state"}, "is a word and no number"),
        ({"score": "tone_state"}, "is a word and no number"),
        ({"score": "hallucination_risk_level"}, "is a word and no number"),
        ({"rubric": "tones"}, "did you mean tone"),
        ({"at": 50.0, "side": "above"}, "between 0 and 1"),
        ({"at": float("nan"), "side": "below"}, "between 0 and 1"),
    ],
)
def test_what_nobody_knows_is_one_line_with_a_remedy(asked: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected) as raised:
        choose_cuts(BOTH, **asked)
    assert len(str(raised.value).splitlines()) == 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_both_sides_share_out_all_values(at: float, value: float) -> None:
    above, below = (Cut(rubric="r", score="s", side=side, at=at) for side in ("above", "below"))
    assert above.flags(value) != below.flags(value)


@given(st.lists(st.floats(0, 1), min_size=2))
def test_the_worst_value_is_the_one_at_the_bad_end(values: list[float]) -> None:
    above, below = (Cut(rubric="r", score="s", side=side, at=0.5) for side in ("above", "below"))
    assert max(values, key=above.badness) == max(values)
    assert below.badness(min(values)) == max(map(below.badness, values))
