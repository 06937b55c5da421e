"""Which scores a rubric gives by its method, and whether those it lists are these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from assay.judges.rubric.criteria import Check, Criterion, Direction
from assay.judges.rubric.writing import ANSWER_CHECK

if TYPE_CHECKING:
    from assay.judges.rubric.schema import Rubric

DIRECTIONS: dict[str, Direction] = {
    "groundedness": "maximize",
    "faithfulness": "maximize",
    "hallucination_risk": "minimize",
}
"""The scores of method grounding, and which way each is better."""


def scores_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """The scores that unparsed criteria or checks give. None where they are too broken, which a later check reports."""
    if data.get("method", "grounding") == "grounding":
        return dict(DIRECTIONS)
    try:
        criteria = [Criterion.model_validate(entry) for entry in data.get("criteria", ())]
        checks = [Check.model_validate(entry) for entry in data.get("checks", ())]
    except (ValidationError, TypeError):
        return None
    directions = {name: direction for criterion in criteria for name, direction in criterion.scores().items()}
    return directions | {check.score: check.direction for check in checks}


def check_grounding(rubric: Rubric) -> None:
    """Check the scores of a rubric of method grounding.

    Raises:
        ValueError: names the key and the remedy.
    """
    if rubric.criteria or rubric.checks:
        raise ValueError("method: grounding has no criteria or checks; write `method: graded` or `method: checks`")
    if not rubric.scores:
        raise ValueError("scores: name at least one score")
    for name, direction in rubric.scores.items():
        if name not in DIRECTIONS:
            raise ValueError(f"scores: {name} is no score of method grounding; it gives {', '.join(DIRECTIONS)}")
        if DIRECTIONS[name] != direction:
            raise ValueError(f"scores: {name} is a score to {DIRECTIONS[name]}")


def check_scores(rubric: Rubric) -> None:
    """Scores of criteria and checks: named once, none of grounding's, none of the state's, directions as they say.

    Raises:
        ValueError: names the key and the remedy.
    """
    given = [named for criterion in rubric.criteria for named in criterion.scores().items()]
    given += [(check.score, check.direction) for check in rubric.checks]
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"scores: {name} stands twice; each criterion or check has its own")
        if name in DIRECTIONS or name in {"grounding_state", ANSWER_CHECK, rubric.state_score}:
            raise ValueError(f"scores: {name} is taken; choose another name")
    if dict(given) != rubric.scores:
        raise ValueError("scores: differ from what the criteria or checks give; leave `scores` out")
