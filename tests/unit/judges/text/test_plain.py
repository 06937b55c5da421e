"""What is shown of a trace obeys nobody: no control characters, no markup, one line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.plain import on_one_line

PIECES = [
    "![x](http://a.b/c)",
    "[",
    "](",
    "<img src=x onerror=y>",
    "<",
    ">",
    "`",
    "\x1b[31m",
    "\x07",
    "\u202e",
    "\u2066",
    "\u200b",
    "\n",
    "a",
    " ",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\x07c", "a [31mb c"),
        ("evil\u202etxt\u2066\u200b", "eviltxt"),
        ("see ![x](http://evil.example/p.png) here", "see x here"),
        ("see [the page](https://evil.example) here", "see the page here"),
        ("a <img src=x onerror=alert(1)> b", "a b"),
        ("cut off <img src=x", "cut off ‹img src=x"),
        ("run `rm`", "run 'rm'"),
        ("two\nlines\u2028three", "two lines three"),
        ("x < 5 and y > 3", "x < 5 and y > 3"),
        ("naïve 語 👍 [1] is kept", "naïve 語 👍 [1] is kept"),
    ],
)
def test_on_one_line(text: str, shown: str) -> None:
    assert on_one_line(text) == shown


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=20).map("".join))
def test_nothing_that_is_obeyed_is_left(text: str) -> None:
    shown = on_one_line(text)
    assert shown.isprintable()
    assert not re.search(r"<[a-zA-Z/!?]|`|\]\(|!\[", shown)
    assert on_one_line(shown) == shown
