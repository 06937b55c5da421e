"""What the page of a report is filled with: each part as the template needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from assay.judges.schema import ClaimVerdict
from assay.worker.golden.report.html.highlights import Mark, cut
from assay.worker.reporting.period.answers import TEXTS_OF_REVISION, MarkedAnswer
from assay.worker.reporting.period.application_words import (
    NO_USE,
    is_use_known,
    other_prompts_words,
    percentile_words,
    prompt_name,
    prompt_words,
)
from assay.worker.reporting.period.html.bars import (
    Bar,
    bar_of,
    lead_bar,
    overview_top,
    scale_words,
    tone_of,
    why_none,
)
from assay.worker.reporting.period.html.chart import trend_of
from assay.worker.reporting.period.html.template_records import AnswerView, Paragraphs, RevisionView, Step, UseCaseView
from assay.worker.reporting.period.overview import revision_span_words, revision_words
from assay.worker.reporting.period.records import (
    Coverage,
    PeriodReport,
    RevisionReport,
    Split,
    UseCaseReport,
    WorstAnswer,
)
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import (
    Line,
    before_words,
    behind,
    case_notes,
    count_lines,
    coverage_words,
    headline,
    interval_words,
    rate_lines,
    reasons,
)

_LONGEST_ANSWER, _LONGEST_QUESTION, _LONGEST_PASSAGE = 2_000, 600, 600


def use_case_views(report: PeriodReport, answers: Sequence[MarkedAnswer]) -> tuple[UseCaseView, ...]:
    """All use cases in their order. The anchors of their revisions are those of the overview."""
    top = overview_top(report)
    return tuple(
        _use_case(number, case, report, answers, lead_bar(report, case, top))
        for number, case in enumerate(report.use_cases)
    )


def _use_case(
    number: int, case: UseCaseReport, report: PeriodReport, answers: Sequence[MarkedAnswer], lead: Bar
) -> UseCaseView:
    own = [answer for answer in answers if (answer.use_case, answer.rubric) == (case.use_case, case.rubric)]
    parts = (("scored", case.coverage.scored), ("skipped", case.coverage.skipped), ("dead", case.coverage.dead))
    return UseCaseView(
        name=case.use_case,
        rubric=case.rubric,
        lead=lead,
        funnel=tuple(_funnel(case.coverage)),
        funnel_words=coverage_words(case.coverage),
        notes=tuple(case_notes(case)),
        reasons=tuple((name, reasons(part)) for name, part in parts if part),
        revisions=tuple(_revisions(number, case, report, own)),
    )


def _revisions(
    number: int, case: UseCaseReport, report: PeriodReport, answers: Sequence[MarkedAnswer]
) -> Iterator[RevisionView]:
    for at, row in enumerate(case.revisions):
        own = [answer for answer in answers if answer.revision == row.revision]
        which = revision_span_words(case, row) or revision_words(row)
        yield replace(_revision(f"r{number}-{at}", row, report, own), revision=which)


def _funnel(coverage: Coverage) -> Iterator[Step]:
    """From what was seen to what has a score. Unknown steps are left out: they are not 0."""
    selected = coverage.ended + (coverage.in_flight or 0)
    steps = [("seen", coverage.seen), ("selected", selected), ("scored", sum(coverage.scored.values()))]
    steps += [("skipped", sum(coverage.skipped.values())), ("dead", sum(coverage.dead.values()))]
    steps += [("in flight", coverage.in_flight)]
    whole = max(1, coverage.seen or selected)
    for name, n in steps:
        if n is not None:
            share = n / whole
            yield Step(name, f"{n:,}", round(100 * min(1.0, share), 1), f"{share:.1%} of {whole:,}")


def _revision(anchor: str, row: RevisionReport, report: PeriodReport, answers: Sequence[MarkedAnswer]) -> RevisionView:
    name, rate = headline(row.rates)
    last = (report.until - timedelta(microseconds=1)).date()
    return RevisionView(
        anchor=anchor,
        name=name,
        value="–" if rate is None else f"{rate.value:.1%}",
        interval=interval_words(row.rates),
        revision=revision_words(row),
        tone=tone_of(row),
        change=before_words(row.before) if row.before else "",
        warnings=row.warnings,
        lines=tuple(_paragraphs(_lines(row))),
        prompts=tuple(_prompts(row)),
        other_prompts=_other_prompts(row.application.other_prompts),
        waits=tuple(_paragraphs(_waits(row))),
        jumps=row.application.jumps,
        trend=trend_of(row.days, report.since.date(), last, name=name),
        split=tuple(_split(row.split)) if row.split and row.rates.with_risk else (),
        split_title=row.split.by.replace("_", " ") if row.split else "",
        split_scale=scale_words([behind(value.rates) for value in row.split.values]) if row.split else "",
        others=_others(row.split),
        answers=tuple(map(_answer, answers)) or tuple(map(_listed, row.worst[:TEXTS_OF_REVISION])),
    )


def _lines(row: RevisionReport) -> Iterator[Line]:
    yield from rate_lines(row)
    yield from count_lines(row)


def _paragraphs(lines: Iterable[Line]) -> Iterator[Paragraphs]:
    """Lines with those that go on from them."""
    label, texts = "", list[str]()
    for line in lines:
        if line.label and texts:
            yield Paragraphs(label, tuple(texts))
            texts = []
        label = line.label or label
        texts.append(line.text)
    if texts:
        yield Paragraphs(label, tuple(texts))


def _prompts(row: RevisionReport) -> Iterator[Bar]:
    """Tokens of a request by prompt version, on one scale."""
    uses = row.application.prompts
    if not is_use_known(row.application):
        return
    top = max((use.tokens.high for use in uses if use.tokens is not None), default=1.0)
    for use in uses:
        bar = bar_of(prompt_name(use), use.tokens, top)
        yield replace(bar, words=prompt_words(use))


def _other_prompts(count: int) -> str:
    return other_prompts_words(count) if count else ""


def _waits(row: RevisionReport) -> Iterator[Line]:
    if not is_use_known(row.application):
        yield Line("a request takes", NO_USE)
    yield Line("duration", percentile_words(row.application.duration))
    yield Line("first token", percentile_words(row.application.first_token))


def _split(split: Split) -> Iterator[Bar]:
    rates = [behind(value.rates) for value in split.values]
    top = scale_top(rates)
    for value, rate in zip(split.values, rates, strict=True):
        yield bar_of("unknown" if value.value is None else value.value, rate, top, why=why_none(value.rates))


def _others(split: Split | None) -> str:
    if split is None or not split.other_values:
        return ""
    return f"others: {split.other_values:,} values, n={split.others:,}"


def _listed(worst: WorstAnswer) -> AnswerView:
    """An answer whose texts were not read: a page shows those of the most urgent use cases alone."""
    return AnswerView(
        trace_id=worst.trace_id,
        url=worst.url,
        risk=f"{worst.risk:.2f}",
        kind=(worst.kind or "").replace("_", " "),
        tone="",
        question="",
        runs=(),
        passages=(),
        note="",
    )


def _answer(answer: MarkedAnswer) -> AnswerView:
    verdict = ClaimVerdict.NOT_FOUND if answer.worst.kind == "not_found" else ClaimVerdict.CONTRADICTED
    marks = [Mark(*answer.span, label="", verdict=verdict)] if answer.span else []
    kind = (answer.worst.kind or "").replace("_", " ")
    return AnswerView(
        trace_id=answer.worst.trace_id,
        url=answer.worst.url,
        risk=f"{answer.worst.risk:.2f}",
        kind=kind,
        tone=verdict.value if kind else "",
        question=_clipped(answer.question, _LONGEST_QUESTION),
        runs=cut(answer.response, marks, limit=_LONGEST_ANSWER),
        passages=tuple((passage.number, _clipped(passage.text, _LONGEST_PASSAGE)) for passage in answer.passages),
        note=answer.note,
    )


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit].rstrip()}…"
