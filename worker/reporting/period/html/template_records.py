"""The records the templates of a report are filled with."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.report.html.highlights import Run
from assay.worker.reporting.period.html.bars import Bar
from assay.worker.reporting.period.html.chart import Trend


@dataclass(frozen=True)
class Paragraphs:
    """A label and what is said of it, in several paragraphs."""

    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of the funnel: how many, and which part of the first step that is, from 0 to 100."""

    name: str
    n: str
    share: float
    words: str


@dataclass(frozen=True)
class AnswerView:
    """One of the worst answers. `opens` leads to its texts, where they are not shown at once."""

    trace_id: str
    url: str | None
    risk: str
    kind: str
    tone: str
    question: str
    runs: tuple[Run, ...]
    passages: tuple[tuple[int, str], ...]
    note: str
    opens: str = ""


@dataclass(frozen=True)
class RevisionView:
    """One revision. `revision` names it, and where there are several, which days it judged."""

    anchor: str
    name: str
    value: str
    interval: str
    revision: str
    tone: str
    change: str
    warnings: tuple[str, ...]
    lines: tuple[Paragraphs, ...]
    prompts: tuple[Bar, ...]
    other_prompts: str
    waits: tuple[Paragraphs, ...]
    jumps: tuple[str, ...]
    trend: Trend | None
    split: tuple[Bar, ...]
    split_title: str
    split_scale: str
    others: str
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True)
class UseCaseView:
    """One use case under one rubric. `lead` is the line under which it is folded where there are many."""

    name: str
    rubric: str
    lead: Bar
    funnel: tuple[Step, ...]
    funnel_words: str
    notes: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]
    revisions: tuple[RevisionView, ...]
