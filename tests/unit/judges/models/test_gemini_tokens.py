"""Token probabilities in answers of generateContent."""

from __future__ import annotations

import math
from typing import Any

import pytest

from assay.judges.llm.grounding.token_probabilities import support_probabilities
from assay.judges.models.base import Reply
from assay.judges.models.gemini_answer import read_candidate

TEXT = '{"kind":"answer","sentences":[{"supported":1,"evidence":[1],"p":97}]}'
PIECES = ('{"kind":"answer","sentences":[{"', "supported", '":1,"evidence":[1],"p":97}]}')


def read(chosen: Any, tops: Any) -> Reply:
    probabilities = {"chosenCandidates": chosen, "topCandidates": tops}
    candidate = {"content": {"parts": [{"text": TEXT}]}, "finishReason": "STOP", "logprobsResult": probabilities}
    return read_candidate({"candidates": [candidate]}, asked_model="m", latency_s=0.0)


def token(text: str, share: float) -> dict[str, Any]:
    return {"token": text, "tokenId": 7, "logProbability": math.log(share)}


def test_the_verdicts_own_probability_is_read() -> None:
    chosen = [token(PIECES[0], 1.0), token(PIECES[1], 0.75), token(PIECES[2], 1.0)]
    tops = [{"candidates": []}, {"candidates": [chosen[1], token("contradicted", 0.25)]}, {}]
    assert support_probabilities(read(chosen, tops)) == {1: pytest.approx(0.75)}


@pytest.mark.parametrize("tops", [None, [], [{}], "x", [{"candidates": None}] * 3])
def test_tokens_without_alternatives_keep_their_own_probability(tops: object) -> None:
    reply = read([token(piece, 0.5) for piece in PIECES], tops)
    assert [read_token.shares for read_token in reply.tokens] == [
        {piece.encode(): pytest.approx(0.5)} for piece in PIECES
    ]


@pytest.mark.parametrize("odd", [None, 7, {}, {"token": None}, {"token": ""}, {"token": 3, "logProbability": -1}])
def test_one_token_that_is_none_makes_all_of_them_none(odd: object) -> None:
    assert read([token("a", 0.5), odd], []).tokens == ()


@pytest.mark.parametrize("logprob", [None, "x", 1, True, float("nan")])
def test_a_probability_that_is_none_is_left_out(logprob: object) -> None:
    assert read([{"token": "a", "logProbability": logprob}], []).tokens[0].shares == {}
