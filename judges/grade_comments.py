"""What stands beside each score of a graded or checked rubric: one plain sentence that fits this very score.

Every comment is one line of at most 300 characters, without control characters and markup of the trace.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.rubric import Criterion, Rubric
from assay.judges.schema import Grade, Part, Sample, Verdict
from assay.judges.text.plain import shortened

RELEVANT = 0.5
"""Least value of a level that makes a passage count as relevant in a rank score."""

QUOTE_LIMIT = 120
"""Characters of a citation that a comment quotes."""


def grades_comment(sample: Sample, verdict: Verdict, rubric: Rubric, missing: dict[str, str]) -> str:
    """The worst grade of all with its reason and what it rests on."""
    graded = [grade for grade in verdict.grades if grade.value is not None]
    if not graded:
        return shortened(_none_told(missing))
    worst = _worst(graded, rubric)
    return shortened(f"{_counts(rubric, graded)}{worst.score}: {_told(sample, worst)}")


def grade_comments(sample: Sample, verdict: Verdict, rubric: Rubric, missing: dict[str, str]) -> dict[str, str]:
    """A comment for each score that the rubric may write, by the score's name."""
    graded = [grade for grade in verdict.grades if grade.value is not None]
    comments = {rubric.state_score: _state_told(rubric, missing)}
    for criterion in rubric.criteria:
        own = [grade for grade in graded if grade.score == criterion.score]
        if own:
            comments[criterion.score] = _criterion_told(sample, criterion, own, rubric)
        if own and criterion.rank_score is not None:
            comments[criterion.rank_score] = _ranks_told(own)
    for check in rubric.checks:
        comments |= {grade.score: _told(sample, grade) for grade in graded if grade.score == check.score}
    return {name: shortened(text) for name, text in comments.items()}


def _criterion_told(sample: Sample, criterion: Criterion, grades: Sequence[Grade], rubric: Rubric) -> str:
    worst = _told(sample, _worst(grades, rubric))
    if criterion.per != "context":
        return worst
    return f"{_relevant(grades)} of {_passages(len(grades))} count; the worst: {worst}"


def _ranks_told(grades: Sequence[Grade]) -> str:
    """E.g. `2 of 5 passages are relevant, at ranks 1, 4`."""
    ranks = [rank for rank, grade in enumerate(sorted(grades, key=lambda g: g.context or 0), 1) if _counts_as(grade)]
    at = f", at rank{'s' if len(ranks) > 1 else ''} {', '.join(map(str, ranks))}" if ranks else ""
    return f"{len(ranks)} of {_passages(len(grades))} {'is' if len(ranks) == 1 else 'are'} relevant{at}"


def _state_told(rubric: Rubric, missing: dict[str, str]) -> str:
    if not missing:
        return f"Every score of {rubric.name} is there."
    return _none_told(missing)


def _none_told(missing: dict[str, str]) -> str:
    return f"No score: {', '.join(f'{name}: {reason}' for name, reason in missing.items())}."


def _told(sample: Sample, grade: Grade) -> str:
    """E.g. `rude (passage 2) – it belittles the user – “As I said”`."""
    parts = [grade.level.replace("_", " ") + _where(grade)]
    parts += [f" – {grade.reason}"] if grade.reason else []
    quote = _quote(sample, grade)
    parts += [f" – “{quote}”"] if quote else []
    return "".join(parts)


def _worst(grades: Sequence[Grade], rubric: Rubric) -> Grade:
    return min(grades, key=lambda grade: _goodness(grade, rubric))


def _goodness(grade: Grade, rubric: Rubric) -> float:
    value = grade.value or 0.0
    return value if rubric.scores[grade.score] == "maximize" else -value


def _counts(rubric: Rubric, graded: Sequence[Grade]) -> str:
    """How many passages stand behind a score of passages: its denominator."""
    counts = []
    for criterion in rubric.criteria:
        own = [grade for grade in graded if grade.score == criterion.score]
        if criterion.per == "context" and own:
            counts.append(f"{criterion.score}: {_relevant(own)} of {len(own)} passages. ")
    return "".join(counts)


def _relevant(grades: Sequence[Grade]) -> int:
    return sum(map(_counts_as, grades))


def _counts_as(grade: Grade) -> bool:
    return (grade.value or 0.0) >= RELEVANT


def _passages(count: int) -> str:
    return "1 passage" if count == 1 else f"{count} passages"


def _where(grade: Grade) -> str:
    return "" if grade.context is None else f" (passage {grade.context + 1})"


def _quote(sample: Sample, grade: Grade) -> str:
    """The text of the first citation."""
    for citation in grade.citations:
        return shortened(cited_text(sample, citation.part, citation.index)[citation.start : citation.end], QUOTE_LIMIT)
    return ""


def cited_text(sample: Sample, part: Part, index: int = 0) -> str:
    """The text that offsets of a citation count in. Empty where the sample has no such part."""
    several = {"contexts": sample.contexts, "history": tuple(turn.content for turn in sample.history)}
    if part in several:
        return several[part][index] if index < len(several[part]) else ""
    single = {"question": sample.question, "response": sample.response, "reference": sample.reference or ""}
    return single[part]
