"""One answer or one change in a line, for every report that is made of lines."""

from __future__ import annotations

from assay.worker.golden.results.gate_result import Pair
from assay.worker.golden.results.run_result import ItemResult


def change_words(pair: Pair) -> str:
    """Which way an item changed, and in how many of its repeats."""
    word = "worse" if pair.worse else "better"
    return word if len(pair.candidate) == 1 else f"{word} in {abs(pair.drop)} of {len(pair.candidate)}"


def side_words(item: ItemResult) -> str:
    """One side of a pair: how it ended, why, and the claim that was wrong."""
    return ": ".join(part for part in (item.status.value, "; ".join(item.reasons), claim_words(item)) if part)


def claim_words(item: ItemResult) -> str:
    """The claim that was wrong, short; empty where none was."""
    claim = item.worst_claim
    return "" if claim is None else f"{claim.verdict.value}: {clip(claim.text)}"


def clip(text: str, limit: int = 160) -> str:
    """Text on one line, cut at a length."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)
