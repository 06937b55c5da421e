"""The records the upper half of the page is filled with."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.report.html.checks import Check


@dataclass(frozen=True)
class Banner:
    """The verdict: `kind` colours it, `word` names it, the reasons say why, and `next_steps` what to do.

    `fallen` names the anchors that spoke against the judge, where its exam decided.
    """

    kind: str
    word: str
    headline: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    fallen: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rate:
    """One pass rate drawn on a line from 0 to 100; the ends are those of its 95 % interval."""

    name: str
    side: str
    value: str
    note: str
    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Figure:
    """One key figure with what it rests on."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class MetricRow:
    """One metric on both sides; `is_still` says that it hardly moved, so that it need not stand in the way."""

    name: str
    role: str
    baseline: str
    candidate: str
    change: str
    n: str
    test: str
    p_value: str
    adjusted_p: str
    worse: bool
    is_still: bool


@dataclass(frozen=True)
class Summary:
    """Everything above the list of items."""

    title: str
    subtitle: str
    banner: Banner
    rates: tuple[Rate, ...]
    figures: tuple[Figure, ...]
    checks: tuple[Check, ...]
    metrics: tuple[MetricRow, ...]
    slices: tuple[tuple[str, ...], ...]
    exam: tuple[tuple[str, str], ...]
    fallen: tuple[tuple[str, str], ...]
    identity: tuple[tuple[str, str], ...]
