"""Which responses decline to answer: what spares the pattern its work may not miss one."""

from __future__ import annotations

import pytest

from assay.judges.local.checkworthy import is_refusal


@pytest.mark.parametrize(
    "sentence",
    [
        "I do\u00a0not\nknow the answer.",
        "It CANNOT\tbe determined.",
        "I can't help with that.",
        "The passages don’t mention it.",
        "There is insufficient data.",
        "I was unable\nto find it.",
        "I'm afraid.",
        "Sorry about that",
        "No  information is available.\nNo information is available.",
    ],
)
def test_refusals_are_recognised_by_each_of_their_parts_however_they_are_spaced(sentence: str) -> None:
    assert is_refusal(sentence)


@pytest.mark.parametrize("sentence", ["Nobody plays the piano in the casino.", "The sorrow was not great.", ""])
def test_a_part_alone_makes_no_refusal(sentence: str) -> None:
    assert not is_refusal(sentence)
