"""Flagged answers in a terminal of any width: a block each, with the sentence that was wrong."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.wording import (
    LONGEST_ID,
    evidence_lines,
    judge_words,
    moment,
    told_by_words,
    verdict_words,
    why_command,
)
from assay.worker.reporting.terminal.text import clipped, one_line

_SENTENCE, _REASON, _EVIDENCE = 400, 300, 240
"""Characters of each part. More does not help to find an answer; `--format json` has all of it."""

_MOST_STRETCHES = 3

_NARROW = 50
"""Below this many columns the text stands under its label."""


def answer_block(answer: FlaggedAnswer, rank: int, *, width: int) -> Iterator[RenderableType]:
    """One answer, part by part. What is to be copied stands on a line of its own, uncut.

    Args:
        answer: the answer.
        rank: its place in the list, from 1.
        width: columns of the terminal.
    """
    title = Text(f"{rank}  ", "dim")
    title.append(f"{answer.score} {answer.value:.2f}", "bold red")
    title.append(f"  {answer.use_case}", "bold")
    title.append(f"  {moment(answer.started)} UTC")
    yield title
    yield from _copied(one_line(answer.trace_id[:LONGEST_ID]), "trace", width)
    if width < _NARROW:
        for label, text in _parts(answer):
            yield Padding(Text(label, "dim"), (0, 0, 0, 2))
            yield Padding(Text(text), (0, 0, 0, 4))
    else:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=11)
        grid.add_column(overflow="fold")
        for label, text in _parts(answer):
            grid.add_row(Text(f"  {label}", "dim"), Text(text))
        yield grid
    yield from _copied(answer.url or why_command(answer.trace_id), "see", width)


def _parts(answer: FlaggedAnswer) -> Iterator[tuple[str, str]]:
    if answer.told_by != "verdict":
        yield "comment", clipped(told_by_words(answer), _SENTENCE)
        yield "judged by", clipped(judge_words(answer), _REASON)
        return
    problem = answer.problem
    if problem.sentence:
        yield "sentence", f"“{clipped(problem.sentence, _SENTENCE)}”"
    verdict = clipped(verdict_words(answer), 80)
    reason = clipped(problem.reason or ("" if problem.verdict else answer.comment), _REASON)
    yield "verdict", f"{verdict}: {reason}" if verdict and reason else verdict or reason
    lines = list(evidence_lines(answer))
    for number, line in enumerate(lines[:_MOST_STRETCHES]):
        yield "evidence" if number == 0 else "", clipped(line, _EVIDENCE)
    if len(lines) > _MOST_STRETCHES:
        yield "", f"and {len(lines) - _MOST_STRETCHES} more"
    yield "judged by", clipped(judge_words(answer), _REASON)


def _copied(text: str, label: str, width: int) -> Iterator[Text]:
    """A line that a person copies: it is never wrapped or cut."""
    if text:
        line = Text(f"  {label:<10}" if width >= _NARROW else f"  {label} ", "dim", no_wrap=True, overflow="ignore")
        line.append(text, "default")
        yield line
