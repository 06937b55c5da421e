"""Flagged answers in Markdown, for a ticket or a pull request. Text of a trace becomes no markup, link or mention."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.wording import (
    evidence_lines,
    judge_words,
    moment,
    told_by_words,
    verdict_words,
    why_command,
)
from assay.worker.reporting.terminal.text import clipped

_SENTENCE, _REASON = 500, 300


def answer_markdown(answer: FlaggedAnswer, rank: int) -> str:
    """One answer as an item of a numbered list."""
    link = f", [open](<{answer.url}>)" if answer.url else ""
    where = f"{answer.use_case}, {moment(answer.started)} UTC, trace {code(answer.trace_id, 200)}{link}"
    lines = [f"**{answer.score} {answer.value:.2f}** {where}", *_parts(answer)]
    # A backslash at its end makes a line of its own, and the blanks keep it in its item.
    return f"{rank}. " + "\\\n   ".join(lines) + "\n"


def _parts(answer: FlaggedAnswer) -> Iterator[str]:
    if answer.told_by != "verdict":
        yield f"Comment: {code(told_by_words(answer), _SENTENCE)}"
    else:
        problem = answer.problem
        if problem.sentence:
            yield f"Sentence: {code(problem.sentence, _SENTENCE)}"
        reason = problem.reason or ("" if problem.verdict else answer.comment)
        yield "Verdict: " + ": ".join(code(part, _REASON) for part in (verdict_words(answer), reason) if part)
        if lines := [code(line, _REASON) for line in evidence_lines(answer)]:
            yield f"Evidence: {'; '.join(lines)}"
    yield f"Judged by {code(judge_words(answer), _REASON)}"
    if command := why_command(answer.trace_id):
        yield code(command, _REASON)


def code(text: str, limit: int) -> str:
    """Text in a code span, the one place where no flavour of Markdown looks for markup, addresses or mentions.

    The span is fenced by more backticks than the text has in a row, so that nothing in it ends the span.
    """
    flat = clipped(text, limit)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", flat)), default=0) + 1)
    padding = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{padding}{flat}{padding}{fence}"
