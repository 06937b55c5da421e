"""The records the template of an item is filled with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.golden.report.html.highlights import Run


@dataclass(frozen=True)
class ClaimView:
    """One claim: its label on the page, what became of it and why, and the passages it rests on (from 1)."""

    label: str
    text: str
    verdict: str
    reason: str
    source: str
    severity: str
    probability: str
    passages: tuple[int, ...]


@dataclass(frozen=True)
class PassageView:
    """One passage of the evidence with the claims that rest on it marked; `number` counts from 1."""

    number: int
    runs: tuple[Run, ...]
    cited_by: tuple[str, ...]


@dataclass(frozen=True)
class RepeatView:
    """One of several answers to the item, in a line."""

    number: int
    status: str
    risk: str
    why: str
    text: str


@dataclass(frozen=True)
class SideView:
    """One answer as it was judged. `passages` is None where both sides share their evidence, shown once."""

    role: str
    letter: str
    name: str
    status: str
    reasons: tuple[str, ...]
    answer: tuple[Run, ...]
    claims: tuple[ClaimView, ...]
    claims_left_out: int
    hits: tuple[tuple[str, str], ...]
    scores: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    comment: str
    repeats: tuple[RepeatView, ...]
    passages: tuple[PassageView, ...] | None

    @property
    def shelf(self) -> str:
        """What the anchors of the passages start with that the claims point at."""
        return "" if self.passages is None else self.letter

    @property
    def wrong(self) -> tuple[ClaimView, ...]:
        """The claims that the evidence does not support."""
        return tuple(claim for claim in self.claims if claim.verdict != "supported")

    @property
    def right(self) -> tuple[ClaimView, ...]:
        """The claims that it does."""
        return tuple(claim for claim in self.claims if claim.verdict == "supported")

    def hover(self, labels: Sequence[str]) -> str:
        """Verdict and reason of unsupported claims with these labels, for the place in the answer they speak of."""
        return "; ".join(
            f"{claim.label} {claim.verdict.replace('_', ' ')}" + (f": {claim.reason}" if claim.reason else "")
            for claim in self.wrong
            if claim.label in labels
        )
