"""What is shown in a terminal: foreign text can neither drive it nor break it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assay.worker.reporting.terminal.text import shown
from assay.worker.reporting.terminal.why import story_lines
from assay.worker.reporting.why import TraceStory
from tests.builders import make_trace


def printed(text: str) -> str:
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=False).print(text, highlight=False)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["Invoice [/2024]", "[bold red]HI[/]", "a\\[/b]", "[/]", "\x1b]52;c;aGk=\x07", "[link=x]"]
)
def test_names_of_traces_are_shown_as_they_are_and_nothing_else_happens(name: str) -> None:
    story = TraceStory(trace_id=name, trace=make_trace(name=name), hash_fraction=0.5)
    out = "".join(printed(line) for line in story_lines(story))
    assert "\x1b" not in out
    if name.isprintable():
        assert name in out


@given(st.text())
def test_any_text_prints_without_control_characters(text: str) -> None:
    out = printed(shown(text))
    assert not any(ord(c) < 32 and c not in "\t\n" for c in out)
