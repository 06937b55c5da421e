"""What the scores of a deployment's rubrics may be, for stores that are to be told."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.rubric import ANSWER_CHECK, RISK_LEVEL, Rubric
from assay.judges.rubric.writing import may_be_written
from assay.judges.schema import GroundingState, RubricState
from assay.worker.flow.scores import CHECK_OF_PART, CHECK_OF_RISK, CHECK_OF_STATE
from assay.worker.flow.sessions import SESSION_SCORES
from assay.worker.records.scores import ScoreSpec

_MEANINGS = {
    "groundedness": "Share of the answer's statements that the evidence supports",
    "faithfulness": "Share of the statements on which the evidence speaks that it supports",
    "hallucination_risk": "Probability that a person would mark at least one unwanted hallucination",
    ANSWER_CHECK: "The risk of a hallucination in words, or why there is none to tell",
    RISK_LEVEL: "hallucination_risk by the cuts of the rubric",
    **SESSION_SCORES,
}

_LABELS: dict[str, tuple[str, ...]] = {
    ANSWER_CHECK: (*CHECK_OF_RISK.values(), *CHECK_OF_STATE.values(), *CHECK_OF_PART.values()),
    RISK_LEVEL: tuple(CHECK_OF_RISK),
}


def score_specs(rubrics: Iterable[Rubric]) -> tuple[ScoreSpec, ...]:
    """One for each name under which a score of these rubrics may be written."""
    specs: dict[str, ScoreSpec] = {}
    for rubric in rubrics:
        for name in may_be_written(rubric.write, rubric.writable, rubric.writes_by_default):
            specs.setdefault(rubric.write.named(name), _spec(name, rubric))
    return tuple(specs.values())


def _spec(name: str, rubric: Rubric) -> ScoreSpec:
    written, meaning = rubric.write.named(name), _MEANINGS.get(name, "")
    if name in rubric.scores or name in SESSION_SCORES:
        return ScoreSpec(name=written, data_type="NUMERIC", minimum=0, maximum=1, description=meaning)
    if name == rubric.state_score:
        states = GroundingState if rubric.method == "grounding" else RubricState
        labels, meaning = tuple(state.value for state in states), "Why the numbers are there, or why they are not"
    else:
        labels = _LABELS[name]
    return ScoreSpec(name=written, data_type="CATEGORICAL", categories=labels, description=meaning)
