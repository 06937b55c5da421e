"""Scores as assessments and back."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.stores.mlflow.assessments import assessment_id, assessment_of, is_same, score_of, scores_in
from tests.unit.worker.stores.mlflow.making import NOON, score


@pytest.mark.parametrize(
    "value",
    ["grounding", "", "1", "true", "null", "NaN", '"quoted"', "{half", " 1 ", "a\nb", 1, 0.1, True, None, [1, "a"], {}],
)
def test_metadata_come_back_with_their_kind(value: JsonValue) -> None:
    given = score(metadata={"key": value})
    sent = assessment_of(given, NOON)
    assert isinstance(sent["metadata"]["key"], str)
    assert score_of(sent) == given


def test_texts_are_shown_as_they_are() -> None:
    metadata = assessment_of(score(metadata={"rubric": "grounding", "pi": 0.2}), NOON)["metadata"]
    assert metadata == {
        "rubric": "grounding",
        "pi": "0.2",
        "assay.score_id": "1-groundedness",
        "assay.environment": "default",
    }


@pytest.mark.parametrize(
    ("tier", "kind"),
    [("llm", "LLM_JUDGE"), ("panel", "LLM_JUDGE"), ("decision", "LLM_JUDGE"), ("screen", "CODE"), (None, "CODE")],
)
def test_source_tells_whether_a_model_was_asked(tier: str | None, kind: str) -> None:
    sent = assessment_of(score(metadata={"tier": tier, "judge": "llm:m"}), NOON)
    assert sent["source"] == {"source_type": kind, "source_id": "assay/llm:m"}
    assert assessment_of(score(), NOON)["source"] == {"source_type": "CODE", "source_id": "assay"}


def test_error_is_never_a_score() -> None:
    sent = assessment_of(score(), NOON)
    assert "error" not in json.dumps(sent["feedback"])
    assert score_of({**sent, "feedback": {"value": 0.5, "error": {"error_code": "X"}}}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"metadata": {"team": "search"}},
        {"metadata": None},
        {"feedback": {"value": True}},
        {"feedback": {"value": [1]}},
        {"feedback": None, "expectation": {"value": 1}},
        {"create_time": "yesterday"},
    ],
)
def test_what_is_no_score_of_ours_is_left_alone(changed: dict[str, object]) -> None:
    assert score_of({**assessment_of(score(), NOON), **changed}) is None


def test_of_two_with_one_id_the_newest_counts() -> None:
    old, new = assessment_of(score(value=0.1), NOON), assessment_of(score(value=0.9), NOON.replace(hour=13))
    (shown,) = scores_in([{"trace_id": "tr-1", "assessments": [{**old, "assessment_id": "a-9"}, new, None]}])
    assert shown.value == 0.9


def test_ids_fit_into_mlflows_tables() -> None:
    assert len(assessment_id("x" * 10_000)) == 34
    assert assessment_id("a") != assessment_id("b")


def test_what_is_shown_is_not_written_again() -> None:
    sent = assessment_of(score(metadata={"n": 1}), NOON)
    assert is_same({**sent, "create_time": "2026-11-21T12:00:00Z", "last_update_time": "x"}, sent)
    more = {**sent["metadata"], "m": "1"}
    changes: list[dict[str, object]] = [{"rationale": "new"}, {"span_id": "0f"}, {"source": {}}, {"metadata": more}]
    for changed in changes:
        assert not is_same({**sent, **changed}, sent)


def test_score_that_cannot_be_written_names_itself() -> None:
    for wrong in ({"value": float("nan")}, {"comment": "cut \ud83d"}, {"name": "n" * 251}):
        with pytest.raises(StoreRejected, match="tr-0"):
            assessment_of(score(**wrong), NOON)
