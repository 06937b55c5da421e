"""A text that an application hid is no question, no answer and no evidence; a text that speaks of hiding is."""

from __future__ import annotations

import pytest

from assay.worker.extraction.masks import is_mask


@pytest.mark.parametrize(
    "text",
    [
        "__REDACTED__",
        " [REDACTED]\n",
        "<redacted>",
        "<elided>",
        "[Filtered]",
        "{{masked}}",
        "[REDACTED: EMAIL_ADDRESS]",
        "<fully masked due to failed mask function>",
        "[content filtered]",
    ],
)
def test_text_that_only_says_that_it_is_hidden_is_a_mask(text: str) -> None:
    assert is_mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Redacted.",
        "**Filtered**",
        "filtered",
        "[1]",
        "<b>Filtered</b> water is fine.",
        "Dear [REDACTED], your order was shipped.",
        "[unfiltered]",
        "__init__",
        "[a](b) [REDACTED]",
        "{" + "x" * 50 + " redacted " + "y" * 80 + "}",
        "[" * 5_000 + "redacted" + "]" * 5_000,
    ],
)
def test_text_that_says_something_is_none(text: str) -> None:
    assert not is_mask(text)
