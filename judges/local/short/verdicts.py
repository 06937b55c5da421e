"""What became of a short answer, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

from assay.judges.schema import ClaimVerdict, Evidence
from assay.judges.text.passages import Passage

SUPPORTED_DOUBT, WRONG_DOUBT, SILENT_DOUBT = 0.1, 0.9, 0.7
"""Doubt of an answer the evidence carries, of one it tells otherwise, and of one it says nothing of. By judgement."""


class ShortVerdict(NamedTuple):
    """What became of a short answer, and the passage that decided."""

    verdict: ClaimVerdict
    doubt: float
    reason: str
    evidence: tuple[Evidence, ...] = ()


def carried(passage: Passage) -> ShortVerdict:
    """The verdict on an answer that a passage carries."""
    return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "", (passage.where,))


def borne_out() -> ShortVerdict:
    """The verdict on an answer that the evidence carries in other words: `B`. A passage would share none with it."""
    return ShortVerdict(ClaimVerdict.SUPPORTED, SUPPORTED_DOUBT, "")


def contradicted(reason: str, passage: Passage) -> ShortVerdict:
    """The verdict on an answer of which a passage says the opposite."""
    return ShortVerdict(ClaimVerdict.CONTRADICTED, WRONG_DOUBT, reason, (passage.where,))


def misplaced(reason: str, passage: Passage | None = None) -> ShortVerdict:
    """The verdict on an answer that the evidence does not have, or has of something else."""
    return ShortVerdict(ClaimVerdict.NOT_FOUND, WRONG_DOUBT, reason, () if passage is None else (passage.where,))


def undecided(reason: str) -> ShortVerdict:
    """The verdict on an answer of which the evidence says nothing that could be matched."""
    return ShortVerdict(ClaimVerdict.NOT_FOUND, SILENT_DOUBT, reason)
