"""Sizes of one call that fit a model's context window."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError
from assay.judges.llm.graded.prompt import GradedLimits
from assay.judges.llm.grounding.numbering import GroundingLimits

_GROUNDING_WINDOW, _GRADED_WINDOW = 32_000, 64_000
"""Tokens of the window that the usual limits fit."""

_USUAL_COMPLETION = 2_048

_GROUNDING_FRAME, _GRADED_FRAME = 1_600, 2_500
"""Tokens of a prompt beside the texts: instructions, the reply's schema, criteria, fences and labels."""

_STATED_WINDOW, _STATED_FRAME = 21_300, 700
"""The same where a call is about one statement and is answered by a word or a number: of the response it shows one
sentence, or two."""

_MOST = 4.0
"""How much more than usual a call holds at most, whatever the window: what a call costs grows with it."""

_LEAST_GROUNDING, _LEAST_GRADED, _LEAST_STATED = 0.03, 0.03, 0.01
"""Below this share of the usual sizes a call shows a few sentences, and no verdict on them is worth having."""

_TOKENS_PER_SENTENCE = 40
"""Of the completion: what a sentence takes in the table where none is supported, and a quarter more."""


class WindowTooSmall(ConfigurationError):
    """Nothing worth judging fits a model's context window."""


def grounding_limits_for(window: int, max_tokens: int) -> GroundingLimits:
    """The limits of the claim table.

    Args:
        window: tokens of prompt and completion together.
        max_tokens: bound of the completion.

    Raises:
        WindowTooSmall: nothing worth judging fits.
    """
    share = _share(window, max_tokens, _GROUNDING_WINDOW, _GROUNDING_FRAME)
    _check(share, _LEAST_GROUNDING, window, max_tokens)
    usual = GroundingLimits()
    return usual.model_copy(
        update={
            "evidence_chars": int(usual.evidence_chars * share),
            "line_chars": min(usual.line_chars, max(100, int(usual.evidence_chars * share) // 4)),
            "part_sentences": min(usual.part_sentences, max(1, max_tokens // _TOKENS_PER_SENTENCE)),
            "part_chars": int(usual.part_chars * min(share, 1.0)),
            "question_chars": int(usual.question_chars * min(share, 1.0)),
            "history_chars": int(usual.history_chars * min(share, 1.0)),
        }
    )


def graded_limits_for(window: int, max_tokens: int) -> GradedLimits:
    """The limits of graded rubrics. See `grounding_limits_for`.

    Raises:
        WindowTooSmall: nothing worth judging fits.
    """
    share = _share(window, max_tokens, _GRADED_WINDOW, _GRADED_FRAME)
    _check(share, _LEAST_GRADED, window, max_tokens)
    usual = GradedLimits()
    return usual.model_copy(
        update={
            "text_chars": int(usual.text_chars * share),
            "question_chars": int(usual.question_chars * min(share, 1.0)),
            "history_chars": int(usual.history_chars * min(share, 1.0)),
            "line_chars": min(usual.line_chars, max(100, int(usual.text_chars * share) // 4)),
            "passages": max(1, int(usual.passages * min(share, 1.0))),
        }
    )


def statement_limits_for(window: int) -> GroundingLimits:
    """The limits of a call about one statement. There is no repair turn, and the answer takes a few tokens.

    Args:
        window: tokens of prompt and answer together.

    Raises:
        WindowTooSmall: nothing worth judging fits.
    """
    share = min(_MOST, (window - _STATED_FRAME) / (_STATED_WINDOW - _STATED_FRAME))
    if share < _LEAST_STATED:
        raise WindowTooSmall(
            f"context_window {window:,} of the endpoint has no room for evidence beside a statement; serve the model "
            "with a larger window"
        )
    usual = GroundingLimits()
    return usual.model_copy(
        update={
            "evidence_chars": int(usual.evidence_chars * share),
            "line_chars": min(usual.line_chars, max(100, int(usual.evidence_chars * share) // 4)),
            "question_chars": max(1, int(usual.question_chars * min(share, 1.0))),
            "history_chars": int(usual.history_chars * min(share, 1.0)),
        }
    )


def _share(window: int, max_tokens: int, usual_window: int, frame: int) -> float:
    """How much of the usual sizes fits. The reply counts twice: a repair turn shows it to the model again."""
    usual_room = usual_window - 2 * _USUAL_COMPLETION - frame
    return min(_MOST, (window - 2 * max_tokens - frame) / usual_room)


def _check(share: float, least: float, window: int, max_tokens: int) -> None:
    if share < least:
        raise WindowTooSmall(
            f"context_window {window:,} of the endpoint is too small beside max_tokens {max_tokens:,}, which "
            f"counts twice because a repair turn shows the reply again; lower max_tokens to {max(64, window // 8):,}, "
            "or serve the model with a larger window"
        )
