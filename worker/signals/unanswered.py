"""Which selected traces ended without a word of the judge on their answer."""

from __future__ import annotations

NOTHING_TO_JUDGE = frozenset({"no_response", "empty_response"})
"""Reasons of skipped traces that have no answer. Nothing is missing there: a rate of answers is not about them."""


def is_unanswered(state: str, reason: str) -> bool:
    """Whether the judge's word is missing, e.g. of `dead: poison` and `skipped: too_long`."""
    return state == "dead" or (state == "skipped" and reason not in NOTHING_TO_JUDGE)


def is_empty(state: str, reason: str) -> bool:
    """Whether the application gave no answer, e.g. of `skipped: empty_response`."""
    return state == "skipped" and reason in NOTHING_TO_JUDGE
