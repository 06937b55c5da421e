"""From grades to scores: pure, and with a reason wherever there is no number."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.rubric import Criterion, Rubric
from assay.judges.schema import Grade, Part, RubricState, Sample, Scored, Verdict
from assay.judges.text.blank import is_empty

RELEVANT = 0.5
"""Least value of a level that makes a passage count as relevant in a rank score."""

COMMENT_LIMIT = 300


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
    return Scored(
        scores=scores,
        not_applicable=missing,
        state=_state(scores, missing, verdict),
        comment=grades_comment(sample, verdict, rubric, scores, missing),
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
    if not scores:
        return RubricState.NOT_APPLICABLE
    if verdict.partial_context:
        return RubricState.PARTIAL_INPUT
    return RubricState.PARTLY_SCORED if missing else RubricState.SCORED


def grades_comment(
    sample: Sample, verdict: Verdict, rubric: Rubric, scores: dict[str, float], missing: dict[str, str]
) -> str:
    """The worst grade with its reason and what it rests on, on one line of at most 300 characters."""
    graded = [grade for grade in verdict.grades if grade.value is not None]
    if not graded:
        why = ", ".join(f"{name}: {reason}" for name, reason in missing.items())
        return _shortened(f"No score: {why}.", COMMENT_LIMIT)
    worst = min(graded, key=lambda grade: _goodness(grade, rubric))
    parts = [f"{worst.score}: {worst.level.replace('_', ' ')}" + _where(worst)]
    parts += [f" – {worst.reason}"] if worst.reason else []
    quote = _quote(sample, worst)
    parts += [f" – “{quote}”"] if quote else []
    return _shortened(f"{_counts(rubric, graded)}{''.join(parts)}", COMMENT_LIMIT)


def _goodness(grade: Grade, rubric: Rubric) -> float:
    value = grade.value or 0.0
    return value if rubric.scores[grade.score] == "maximize" else -value


def _counts(rubric: Rubric, graded: Sequence[Grade]) -> str:
    """How many passages stand behind a score of passages: its denominator."""
    counts = []
    for criterion in rubric.criteria:
        own = [grade for grade in graded if grade.score == criterion.score]
        if criterion.per == "context" and own:
            high = sum((grade.value or 0.0) >= RELEVANT for grade in own)
            counts.append(f"{criterion.score}: {high} of {len(own)} passages. ")
    return "".join(counts)


def _where(grade: Grade) -> str:
    return "" if grade.context is None else f" (passage {grade.context + 1})"


def _quote(sample: Sample, grade: Grade) -> str:
    """The text of the first citation."""
    for citation in grade.citations:
        return _shortened(cited_text(sample, citation.part, citation.index)[citation.start : citation.end], 120)
    return ""


def cited_text(sample: Sample, part: Part, index: int = 0) -> str:
    """The text that offsets of a citation count in. Empty where the sample has no such part."""
    several = {"contexts": sample.contexts, "history": tuple(turn.content for turn in sample.history)}
    if part in several:
        return several[part][index] if index < len(several[part]) else ""
    single = {"question": sample.question, "response": sample.response, "reference": sample.reference or ""}
    return single[part]


def _shortened(text: str, limit: int) -> str:
    """On one line, cut with an ellipsis at `limit` characters."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
