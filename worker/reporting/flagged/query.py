"""What `assay flagged` is asked for: which scores, from where on they are bad, of which traffic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.judges.schema import Record

RISK = "hallucination_risk"
MOST_ANSWERS = 10_000
"""Longest list. Whoever needs more takes the scores from the trace store."""

Side = Literal["above", "below"]


class Cut(Record):
    """From where on a score is bad. `above` includes the value itself, `below` does not."""

    rubric: str
    score: str
    side: Side
    at: float = Field(ge=0.0, le=1.0)

    def flags(self, value: float) -> bool:
        """Whether a value is bad."""
        return value >= self.at if self.side == "above" else value < self.at

    def badness(self, value: float) -> float:
        """How bad a value is, from 0 to 1. It puts scores of both directions into one order."""
        return value if self.side == "above" else 1.0 - value

    @property
    def words(self) -> str:
        """As a reader says it: `hallucination_risk 0.5 or more`."""
        return f"{self.score} {self.at:g} or more" if self.side == "above" else f"{self.score} below {self.at:g}"


class FlaggedQuery(Record):
    """Traces that started from `start` on and before `end`, of these use cases (empty: of all)."""

    start: AwareDatetime
    end: AwareDatetime
    use_cases: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = Field(min_length=1)
    limit: int = Field(default=20, ge=1, le=MOST_ANSWERS)

    @property
    def rubrics(self) -> frozenset[str]:
        """The rubrics whose scores are looked at."""
        return frozenset(cut.rubric for cut in self.cuts)

    def takes(self, use_case: str, rubric: str) -> bool:
        """Whether entries of this use case and rubric are looked at."""
        return rubric in self.rubrics and (not self.use_cases or use_case in self.use_cases)


def choose_cuts(
    rubrics: Mapping[str, Rubric],
    *,
    rubric: str | None = None,
    score: str | None = None,
    side: Side | None = None,
    at: float | None = None,
) -> tuple[Cut, ...]:
    """The cuts that a reader means.

    Without a score it is the risk. Where no rubric in question gives a risk, it is every score they give. Without a
    cut it is the rubric's own for the risk and 0.5 for others, in the score's bad direction.

    Args:
        rubrics: those in use, by name.
        rubric: only this one.
        score: only this score.
        side: on which side of `at` a score is bad.
        at: the cut.

    Raises:
        ConfigurationError: an unknown rubric or score, a score that is no number, or a cut outside 0 to 1.
    """
    if at is not None and not 0.0 <= at <= 1.0:
        raise ConfigurationError(f"--{side} {at:g}: scores lie between 0 and 1; take a number between them")
    if rubric is not None:
        check_known("--rubric", rubric, rubrics, "no use case is judged by it")
    chosen = [rubrics[rubric]] if rubric is not None else list(rubrics.values())
    if score is not None:
        _check_score(score, chosen)
    wanted = {score} if score else {RISK} if any(RISK in each.scores for each in chosen) else None
    return tuple(
        _cut(each, name, side, at) for each in chosen for name in each.scores if wanted is None or name in wanted
    )


def _cut(rubric: Rubric, score: str, side: Side | None, at: float | None) -> Cut:
    bad: Side = "above" if rubric.scores[score] == "minimize" else "below"
    usual = rubric.risk_labels.high if score == RISK else 0.5
    return Cut(rubric=rubric.name, score=score, side=side or bad, at=usual if at is None else at)


def _check_score(score: str, rubrics: Iterable[Rubric]) -> None:
    rubrics = list(rubrics)
    numbers = dict.fromkeys(name for rubric in rubrics for name in rubric.scores)
    states = [rubric.state_score for rubric in rubrics]
    if score in states or (score == f"{RISK}_level" and RISK in numbers):
        raise ConfigurationError(f"--score {score}: is a word and no number; take one of {', '.join(numbers)}")
    check_known("--score", score, numbers, f"not given by rubric {', '.join(rubric.name for rubric in rubrics)}")


def check_known(option: str, name: str, known: Collection[str], problem: str) -> None:
    """Refuse a name that nobody knows.

    Raises:
        ConfigurationError: one line with the nearest name, or all that there are.
    """
    if name in known:
        return
    near = get_close_matches(name.lower(), list(known), 1, 0.6)
    remedy = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    raise ConfigurationError(f"{option} {name!a}: {problem}; {remedy}")
