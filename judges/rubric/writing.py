"""Which scores of a rubric are written into the trace store, and under which names.

What is judged does not depend on it. So it changes neither the evaluator revision nor a kept verdict. But it is part
of the rubric's version, because a score keeps its name for life under its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, field_validator

from assay.judges.schema import Record

ANSWER_CHECK = "answer_check"
"""The verdict in two words, as `high risk` or `no evidence`. Stores list scores by name, and it stands first."""

RISK_LEVEL = "hallucination_risk_level"
"""The risk's level in one word: low, medium or high by the rubric's cuts."""

LONGEST_NAME = 35
"""Characters of the longest name for which trace stores take a definition."""

SESSION_WORST_RISK = "session_worst_risk"
SESSION_FLAGGED_SHARE = "session_flagged_share"
"""The scores of a conversation, where `write.sessions` asks for them."""

WrittenName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Writing(Record):
    """What is written of a rubric's scores. Left out: the numbers, and the verdict in words before them."""

    scores: tuple[WrittenName, ...] | None = Field(
        default=None, min_length=1, description="Scores to write; the others are kept in Assay's own record only."
    )
    prefix: str = Field(
        default="",
        pattern=r"^([A-Za-z][A-Za-z0-9_.-]{0,15})?$",
        description="Put before each name, e.g. `assay_`, so that it is not taken for another team's score.",
    )
    sessions: bool = Field(
        default=False, description="Also write the worst turn's risk and the share of flagged turns on the session."
    )

    @field_validator("scores")
    @classmethod
    def _named_once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice} stands twice")
        return names

    def named(self, score: str) -> str:
        """The name under which a score is written."""
        return f"{self.prefix}{score}"


def writable_scores(numbers: Sequence[str], state: str, *, is_grounding: bool) -> tuple[str, ...]:
    """Everything a rubric has to write: its numbers, the state, and for grounding the verdict in words."""
    return (ANSWER_CHECK, *numbers, RISK_LEVEL, state) if is_grounding else (*numbers, state)


def default_scores(numbers: Sequence[str], state: str, *, is_grounding: bool) -> tuple[str, ...]:
    """What is written where nothing is chosen.

    Of grounding the verdict in words tells the state as well. Of other methods the state is written where it says more
    than that all is there.
    """
    return (ANSWER_CHECK, *numbers) if is_grounding else (*numbers, state)


def may_be_written(writing: Writing, writable: Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
    """Own names of all scores that may be written: the choice, what stands in for it, and those of sessions.

    Args:
        writing: the choice.
        writable: the rubric's scores, the state last.
        default: what is written where nothing is chosen.
    """
    chosen = writing.scores or default
    is_always_there = ANSWER_CHECK in chosen and "hallucination_risk" in writable
    stand_ins = () if is_always_there else tuple(name for name in (ANSWER_CHECK, writable[-1]) if name in writable)
    sessions = (SESSION_WORST_RISK, SESSION_FLAGGED_SHARE) if writing.sessions else ()
    return tuple(dict.fromkeys((*chosen, *stand_ins, *sessions)))


def check_writing(writing: Writing, writable: Sequence[str], default: Sequence[str]) -> None:
    """Check that what is to be written is there to write.

    Raises:
        ValueError: names the key and the remedy.
    """
    for name in writing.scores or ():
        if name not in writable:
            raise ValueError(f"write.scores: {name} is no score of this rubric; it has {', '.join(writable)}")
    if writing.sessions and "hallucination_risk" not in writable:
        raise ValueError("write.sessions: needs the score hallucination_risk; list it in scores, or leave sessions out")
    longest = max(may_be_written(writing, writable, default), key=len)
    if writing.prefix and len(writing.named(longest)) > LONGEST_NAME:
        raise ValueError(
            f"write.prefix: {writing.named(longest)} has more than {LONGEST_NAME} characters; shorten the prefix, or "
            f"{_without(longest, writing, default)}"
        )


def _without(name: str, writing: Writing, default: Sequence[str]) -> str:
    """How to do without a score."""
    if name in {SESSION_WORST_RISK, SESSION_FLAGGED_SHARE}:
        return "leave write.sessions out"
    if name in (writing.scores or default):
        return f"leave {name} out of write.scores"
    return f"give the rubric a shorter name: {name} is written where nothing of write.scores applies"
