"""The first phase of a cascade is read from its text as from what the text says, whatever the text looks like."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.records.columns import JsonColumn, PlainColumn
from assay.worker.signals.phase_texts import phases_in

SHARE = st.one_of(st.floats(0, 1), st.sampled_from([0, 1, 5e-324, 0.1 + 0.2]))
NAMES = st.one_of(
    st.sampled_from(["hallucination_risk", "groundedness", "}, ", "a}", '"hallucination_risk": 9,', ', "pi2": 7', "ü"]),
    st.text(max_size=4),
)
SCORES = st.dictionaries(NAMES, SHARE, max_size=3)
RISK: st.SearchStrategy[dict[str, float | None]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"hallucination_risk": st.one_of(SHARE, st.none())})
)


@st.composite
def screenings(draw: st.DrawFn) -> dict[str, Any] | None:
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    parts: list[dict[str, Any]] = [draw(RISK), draw(SCORES)]
    first, second = parts if draw(st.booleans()) else reversed(parts)
    scores = {**first, **second}
    told = {
        "scores": scores,
        "pi2": draw(st.sampled_from([0.05, 1.0])),
        "why": draw(st.sampled_from(["passed", "audited"])),
        "phase2": draw(st.booleans()),
    }
    return dict(reversed(told.items())) if draw(st.integers(0, 9)) == 0 else told


@given(st.lists(screenings(), max_size=20), st.booleans())
def test_texts_say_what_their_values_say(values: list[dict[str, Any] | None], is_ascii: bool) -> None:
    texts = [None if value is None else json.dumps(value, ensure_ascii=is_ascii) for value in values]
    read, plain = phases_in(JsonColumn(texts)), phases_in(PlainColumn(values))
    assert np.array_equal(np.array(read, dtype=np.float64), np.array(plain, dtype=np.float64), equal_nan=True)
