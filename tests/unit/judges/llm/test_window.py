"""Sizes of a call follow the model's window, and a window too small says so."""

from __future__ import annotations

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.llm.graded.prompt import GradedLimits
from assay.judges.llm.grounding.numbering import GroundingLimits
from assay.judges.llm.grounding.window import graded_limits_for, grounding_limits_for, statement_limits_for

CHARS_PER_TOKEN = 3.1
"""What English text has at least, labels counted. Where it is fewer, the endpoint says that it is too long."""


def test_usual_windows_give_the_usual_limits() -> None:
    assert grounding_limits_for(32_000, 2_048) == GroundingLimits()
    assert graded_limits_for(64_000, 2_048) == GradedLimits()


@pytest.mark.parametrize("max_tokens", [256, 512])
@pytest.mark.parametrize("window", [4_096, 8_192, 16_384, 32_768, 131_072])
def test_a_full_call_fits_the_window(window: int, max_tokens: int) -> None:
    limits = grounding_limits_for(window, max_tokens)
    chars = limits.evidence_chars + limits.part_chars + limits.question_chars + limits.history_chars
    assert chars / CHARS_PER_TOKEN + 2 * max_tokens + 1_200 <= window * 1.01
    assert limits.part_sentences * 30 <= max_tokens * 1.01
    assert limits.line_chars * 4 <= max(limits.evidence_chars, 400)


def test_limits_grow_with_the_window_and_not_without_bound() -> None:
    evidence = [grounding_limits_for(window, 512).evidence_chars for window in (4_096, 8_192, 65_536, 131_072, 10**6)]
    assert evidence == sorted(evidence)
    assert evidence[0] < evidence[1] < GroundingLimits().evidence_chars < evidence[2]
    assert evidence[-1] == 4 * GroundingLimits().evidence_chars
    assert grounding_limits_for(10**6, 1024).part_chars == GroundingLimits().part_chars


@pytest.mark.parametrize(("window", "max_tokens"), [(4_096, 2_048), (2_048, 512), (1_024, 64), (8_192, 8_192)])
def test_window_too_small_for_anything_is_told_with_the_remedy(window: int, max_tokens: int) -> None:
    for limits_for in (grounding_limits_for, graded_limits_for):
        with pytest.raises(ConfigurationError, match=rf"context_window {window:,} .* lower max_tokens to"):
            limits_for(window, max_tokens)


@pytest.mark.parametrize("window", [1_024, 2_048, 4_096, 8_192, 16_384, 32_768])
def test_a_call_about_one_statement_fits_the_window(window: int) -> None:
    limits = statement_limits_for(window)
    chars = limits.evidence_chars + limits.question_chars + limits.history_chars
    assert chars / CHARS_PER_TOKEN + 600 <= window * 1.01
    assert limits.evidence_chars > 500


def test_window_too_small_for_a_statement_names_no_bound_on_replies() -> None:
    with pytest.raises(ConfigurationError, match="context_window 800 of the endpoint has no room") as caught:
        statement_limits_for(800)
    assert "max_tokens" not in str(caught.value)
