"""What the page is filled with: each part as the template needs it."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.alerts.digest.records import DigestLine, DigestRate, DigestUseCase, OwnerDigest
from assay.worker.alerts.digest.words import alert_words, case_lines, headline_of, judged_words, worst_words
from assay.worker.reporting.period.html.bars import Bar, bar_of
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import ends_words

_TONES = {"worse": "regressed", "better": "pass"}


@dataclass(frozen=True)
class Fact:
    """A line: what it is about, what it says, and whether somebody should look."""

    label: str
    text: str
    tone: str = ""


@dataclass(frozen=True)
class AnswerLink:
    """One of the worst answers: never its text."""

    words: str
    trace_id: str
    url: str | None


@dataclass(frozen=True)
class RateView:
    """One rate, large, with this week and the week before as bars on one scale."""

    name: str
    value: str
    interval: str
    tone: str
    word: str
    change: str
    basis: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class CaseView:
    """One use case."""

    name: str
    anchor: str
    rates: tuple[RateView, ...]
    facts: tuple[Fact, ...]
    answers: tuple[AnswerLink, ...]


@dataclass(frozen=True)
class DigestView:
    """One team's digest."""

    title: str
    headline: str
    notes: tuple[str, ...]
    bars: tuple[Bar, ...]
    scale: str
    cases: tuple[CaseView, ...]
    golden: tuple[Fact, ...]
    fleet: tuple[Fact, ...]


def digest_view(number: int, digest: OwnerDigest) -> DigestView:
    """One digest; its number tells its anchors from those of others."""
    cases = tuple(_case(f"d{number}-{at}", case) for at, case in enumerate(digest.use_cases))
    rates = [rate.behind for case in digest.use_cases for rate in case.rates]
    top = scale_top(rates)
    bars = tuple(
        bar_of(
            case.name,
            rate.behind,
            top,
            anchor=f"d{number}-{at}",
            tone=_TONES.get(rate.change, ""),
            note=rate.change,
            why=f"no rate: {rate.note or 'not estimable'}",
        )
        for at, case in enumerate(digest.use_cases)
        for rate in case.rates
    )
    return DigestView(
        title=digest.title,
        headline=headline_of(digest),
        notes=digest.notes,
        bars=bars,
        scale=f"rates behind the traffic, drawn from 0 to {top:.0%}, bars are 95 % intervals",
        cases=cases,
        golden=tuple(_fact(line) for line in digest.golden),
        fleet=tuple(Fact(alert.severity, alert_words(alert).partition(" ")[2]) for alert in digest.fleet),
    )


def _case(anchor: str, case: DigestUseCase) -> CaseView:
    return CaseView(
        name=case.name,
        anchor=anchor,
        rates=tuple(_rate(rate) for rate in case.rates),
        facts=tuple(Fact(label, text, tone) for label, text, tone in case_lines(case)),
        answers=tuple(AnswerLink(worst_words(answer), answer.trace_id, answer.url) for answer in case.worst),
    )


def _rate(rate: DigestRate) -> RateView:
    pair = [("the week before", rate.before), ("this week", rate.behind)]
    top = scale_top([estimate for _, estimate in pair])
    is_compared = rate.before is not None and rate.behind is not None
    return RateView(
        name=rate.name,
        value="–" if rate.rate is None else f"{rate.rate.value:.1%}",
        interval=f"{ends_words(rate.rate)}, n={rate.rate.n:,}" if rate.rate is not None else rate.note,
        tone=_TONES.get(rate.change, ""),
        word=rate.change,
        change=rate.change_words,
        basis=judged_words(rate) + "; the bars: of all traffic behind it" * is_compared,
        bars=tuple(bar_of(name, estimate, top) for name, estimate in pair) if is_compared else (),
    )


def _fact(line: DigestLine) -> Fact:
    return Fact(line.label, line.text, line.tone)
