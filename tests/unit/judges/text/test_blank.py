"""What retrievers and tools give back when they found nothing is no evidence, and makes no number."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.checks import ChecksJudge
from assay.judges.evaluate import Evaluator
from assay.judges.grades import missing_part
from assay.judges.local import LocalJudge
from assay.judges.rubric import Criterion, Rubric, parse_rubric
from assay.judges.schema import GroundingState, Sample, Scored
from assay.judges.text.blank import is_empty, is_empty_value

EMPTY = [
    "",
    " \n",
    "[]",
    "{}",
    " [ ] \n",
    "null",
    " null\n",
    '""',
    "\u200b",
    "\ufeff\u2060",
    "…",
    "---",
    '{"documents": []}',
    '{"results": [], "next": null, "note": ""}',
    '[{"text": ""}, {"text": " \\u200b"}]',
    '{"a": {"b": [[], {}, [null, "null"]]}}',
]

TELLING = [
    "0",
    "19",
    "{1}",
    "[1] Prices",
    "[Prices] are in euros.",
    "nullable",
    "Null Island",
    "true",
    '{"count": 0}',
    '{"found": false}',
    '{"results": [], "message": "none found"}',
    '["null", "x"]',
    "[not JSON",
    '{"documents": []} and prose',
    "返金は30日以内",
    "٣٠",
    "३०",
    "ⅷ",
    "Η τιμή",
    "ราคา",
    "أ",
    "가",
    "𝟗",
    "½",
]


@pytest.mark.parametrize("text", EMPTY)
def test_a_text_without_letter_or_digit_or_leaf_is_empty(text: str) -> None:
    assert is_empty(text)


@pytest.mark.parametrize("text", TELLING)
def test_a_text_in_any_script_or_of_numbers_alone_says_something(text: str) -> None:
    assert not is_empty(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_a_value_is_as_empty_as_its_json_and_an_added_fact_always_shows(value: object) -> None:
    if isinstance(value, dict | list):
        assert is_empty(json.dumps(value)) == is_empty_value(value)
    assert not is_empty_value([value, {"price": 0}])  # type: ignore[list-item]  # made of JSON
    assert is_empty_value([None, {"price": ""}, []])


def test_json_too_deep_or_too_long_to_be_read_says_something() -> None:
    assert not is_empty("[" * 5_000 + '"a"')
    assert not is_empty('[{"text": ""}, ' * 10_000)


@pytest.mark.parametrize("text", EMPTY)
def test_no_number_comes_of_evidence_that_says_nothing(text: str) -> None:
    rubric = Rubric(name="grounding")
    sample = Sample(id="s", contexts=(text, "[]"), response="The price is ten euros.")
    outcome = asyncio.run(Evaluator(rubric, LocalJudge()).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert outcome.scores == {}
    assert outcome.state is GroundingState.NO_EVIDENCE
    assert set(outcome.not_applicable.values()) == {"no_evidence"}


def test_one_telling_context_among_empty_ones_is_judged() -> None:
    sample = Sample(id="s", contexts=("[]", "10", "null"), response="The price is 10 euros.")
    outcome = asyncio.run(Evaluator(Rubric(name="grounding"), LocalJudge()).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert "groundedness" in outcome.scores


def test_criteria_and_checks_miss_passages_that_say_nothing() -> None:
    levels = [{"label": "yes_it_is", "means": "y", "value": 1}, {"label": "no_not", "means": "n", "value": 0}]
    criterion = Criterion.model_validate(
        {"score": "useful", "question": "q", "sees": ["contexts", "response"], "levels": levels}
    )
    sample = Sample(id="s", contexts=('{"documents": []}', "null"), response="Ten euros.")
    assert missing_part(criterion, sample) == "no_contexts"
    assert missing_part(criterion, sample.model_copy(update={"contexts": ("7",)})) is None
    check = {"score": "clean", "where": ["contexts"], "no_match": ["secret"]}
    rubric = parse_rubric(json.dumps({"name": "n", "method": "checks", "checks": [check]}), source="r.yaml")
    outcome = asyncio.run(Evaluator(rubric, ChecksJudge(rubric)).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert outcome.not_applicable == {"clean": "no_contexts"}


def test_a_long_text_of_quotes_and_brackets_is_read_whole() -> None:
    assert is_empty('["' + "\\" * 90_000 + '"]')
    assert not is_empty('{"a": [' + "[]," * 30_000 + "1]}")
