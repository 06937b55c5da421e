from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.local.alarms import WordAlarms
from assay.judges.local.checkworthy import checkworthy
from assay.judges.local.features import SentenceFeatures, SentenceView, read_response
from assay.judges.local.model import (
    WEIGHTS_FILE,
    LocalModel,
    load_word_weights,
    measure_response,
)
from assay.judges.local.response import Doubts
from assay.judges.schema import Sample
from benchmarks.feature_signs import signs
from tests.examples import examples

MODEL = LocalModel.load()

EVIDENCE = (
    "The Golden Gate Bridge is a suspension bridge that spans the Golden Gate strait. It was designed by the engineer "
    "Joseph Strauss in 1917 and opened to traffic on May 27, 1937. The toll is collected electronically."
)
RESPONSE = (
    "The bridge was designed by Joseph Strauss. It opened to traffic in 1939 and carries a railway. "
    "The toll is not collected by hand."
)
RAISED = [place for place, sign in enumerate(signs(MODEL.sentence_inputs).tolist()) if sign > 0]
LOWERED = [place for place, sign in enumerate(signs(MODEL.sentence_inputs).tolist()) if sign < 0]


def views(response: str = RESPONSE, *contexts: str) -> list[SentenceView]:
    sample = Sample(id="s", contexts=contexts or (EVIDENCE,), response=response)
    return checkworthy(read_response(sample, load_word_weights()).sentences)


def changed(view: SentenceView, place: int, by: float) -> SentenceView:
    values = list(view.features)
    values[place] = max(0.0, values[place] + by)
    return view._replace(features=SentenceFeatures(*values))


@settings(max_examples=examples(150))
@given(
    st.sampled_from([*((place, 1.0) for place in RAISED), *((place, -1.0) for place in LOWERED)]),
    st.floats(0.0, 1.0),
    st.integers(0, 2),
    st.sampled_from([20, 60, 90, 200, 600]),
)
def test_what_is_not_in_the_evidence_never_lowers_the_risk(
    place: tuple[int, float], amount: float, which: int, evidence_words: int
) -> None:
    number, direction = place
    sentences = views()
    if number >= len(sentences[0].features):
        return
    before = MODEL.read(sentences, evidence_words)
    sentences[which] = changed(sentences[which], number, direction * amount)
    after = MODEL.read(sentences, evidence_words)
    assert after.risk >= before.risk
    assert all(then >= first for first, then in zip(before.doubts, after.doubts, strict=True))


@settings(max_examples=examples(100))
@given(st.lists(st.tuples(st.sampled_from(["overall", "free", "zxqv"]), st.floats(0.01, 0.2)), max_size=4))
def test_a_new_word_never_lowers_the_risk_whatever_it_is(more: list[tuple[str, float]]) -> None:
    sentences = views()
    before = MODEL.read(sentences, 60).risk
    sentences[1] = sentences[1]._replace(absent_shares=(*sentences[1].absent_shares, *more))
    assert MODEL.read(sentences, 60).risk >= before


DOUBTS = st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3)


@settings(max_examples=examples(150))
@given(DOUBTS, DOUBTS, DOUBTS, st.integers(0, 2), st.integers(0, 2), st.floats(0.0, 0.9))
def test_a_raised_doubt_never_lowers_the_level(
    regression: list[float], trees: list[float], claims: list[float], view: int, which: int, more: float
) -> None:
    features = measure_response(views(), WordAlarms(MODEL.alarms), 60).features
    doubts = [regression, trees, claims]
    before = MODEL.level(features, Doubts(*doubts))
    doubts[view] = [min(1.0, doubt + more * (number == which)) for number, doubt in enumerate(doubts[view])]
    assert MODEL.level(features, Doubts(*doubts)) >= before


def test_the_risk_rises_with_the_level() -> None:
    low, high = MODEL.calibration.probability([[-1.0], [1.0]])
    assert low < high


def test_model_refuses_weights_that_were_fitted_on_other_features(tmp_path: Path) -> None:
    weights = json.loads(gzip.decompress(WEIGHTS_FILE.read_bytes()))
    weights["sentence_inputs"][0] = "something else"
    other = tmp_path / "weights.json.gz"
    other.write_bytes(gzip.compress(json.dumps(weights).encode()))
    with pytest.raises(ValueError, match="fitted on other features"):
        LocalModel.load(other)
