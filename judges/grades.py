"""From grades to scores: pure, and with a reason wherever there is no number."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.grade_comments import RELEVANT, cited_text, grade_comments, grades_comment
from assay.judges.rubric import Criterion, Rubric
from assay.judges.schema import Grade, Part, RubricState, Sample, Scored, Verdict
from assay.judges.text.blank import is_empty

__all__ = ["RELEVANT", "average_precision", "cited_text", "conclude_grades", "has_part", "missing_part"]


def missing_part(criterion: Criterion, sample: Sample) -> str | None:
    """Why a sample cannot be graded by a criterion, as `no_question`. None where it can."""
    return next((f"no_{part}" for part in criterion.required if not has_part(sample, part)), None)


def has_part(sample: Sample, part: Part) -> bool:
    """Whether the sample has that part, with more than white space in it. Passages must say something."""
    if part == "contexts":
        return not all(is_empty(context) for context in sample.contexts)
    texts: dict[Part, tuple[str, ...]] = {
        "question": (sample.question,),
        "history": tuple(turn.content for turn in sample.history),
        "response": (sample.response,),
        "reference": (sample.reference or "",),
    }
    return any(text.strip() for text in texts[part])


def conclude_grades(sample: Sample, verdict: Verdict, rubric: Rubric, revision: str) -> Scored:
    """The outcome of one graded or checked sample."""
    scores: dict[str, float] = {}
    missing: dict[str, str] = {}
    for criterion in rubric.criteria:
        _score_criterion(criterion, sample, verdict.grades, scores, missing)
    for check in rubric.checks:
        grade = next(grade for grade in verdict.grades if grade.score == check.score)
        if grade.value is None:
            missing[check.score] = grade.level
        else:
            scores[check.score] = grade.value
    if verdict.prompt_cut:  # a judge that did not read its prompt gives no number
        missing = dict.fromkeys([*missing, *scores], RubricState.PARTIAL_INPUT.value)
        scores = {}
    return Scored(
        scores=scores,
        not_applicable=missing,
        state=_state(scores, missing, verdict),
        comment=grades_comment(sample, verdict, rubric, missing),
        comments=grade_comments(sample, verdict, rubric, missing),
        revision=revision,
        verdict=verdict,
    )


def _score_criterion(
    criterion: Criterion, sample: Sample, grades: Sequence[Grade], scores: dict[str, float], missing: dict[str, str]
) -> None:
    """Put each score of a criterion into exactly one of the two mappings."""
    own = [grade for grade in grades if grade.score == criterion.score]
    values = [grade.value for grade in own if grade.value is not None]
    if not values:
        why = missing_part(criterion, sample) or (own[0].level if own else "not_graded")
        missing.update(dict.fromkeys(criterion.scores(), why))
        return
    if criterion.aggregate == "mean":
        scores[criterion.score] = sum(values) / len(values)
    else:
        scores[criterion.score] = max(values) if criterion.aggregate == "max" else min(values)
    if criterion.rank_score is not None:
        ordered = sorted((grade.context or 0, grade.value) for grade in own if grade.value is not None)
        scores[criterion.rank_score] = average_precision([value >= RELEVANT for _, value in ordered])


def average_precision(relevant: Sequence[bool]) -> float:
    """Mean of precision@k over the ranks k that hold something relevant. 0 where nothing is.

    The average precision of information retrieval, over what was retrieved: passages that were not are not known.
    """
    hits = 0
    total = 0.0
    for rank, is_relevant in enumerate(relevant, start=1):
        if is_relevant:
            hits += 1
            total += hits / rank
    return total / hits if hits else 0.0


def _state(scores: dict[str, float], missing: dict[str, str], verdict: Verdict) -> RubricState:
    if not scores and not verdict.prompt_cut:
        return RubricState.NOT_APPLICABLE
    if verdict.partial_context:
        return RubricState.PARTIAL_INPUT
    return RubricState.PARTLY_SCORED if missing else RubricState.SCORED
