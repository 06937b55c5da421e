"""What a report says of one revision, as lines of a label and a text: terminal, Markdown and page say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.worker.reporting.period.quantities import usd
from assay.worker.reporting.period.records import (
    Before,
    Cascade,
    Coverage,
    Judging,
    OwnScore,
    RevisionReport,
    UseCaseReport,
)
from assay.worker.reporting.period.upstream import upstream_words
from assay.worker.signals.rates import Corrected, Rates
from assay.worker.signals.reviewed import PeopleRate
from assay.worker.statistics.intervals import Estimate

HEADLINE = "expected share of answers with a problem"
_MOST_REASONS = 6


class Line(NamedTuple):
    """A line: what it is about, and what it says."""

    label: str
    text: str


ALL_JUDGED = "all of them judged"
"""Stands in place of an interval where nothing of this very traffic is left to chance."""


def percent(estimate: Estimate | None) -> str:
    """A share with its interval and n: `12.0% (8.1%–17.3%, n=240)`, or `12.0% (all of them judged, n=240)`."""
    if estimate is None:
        return "not estimable"
    return f"{estimate.value:.1%} ({ends_words(estimate)}, n={estimate.n:,})"


def ends_words(rate: Estimate) -> str:
    """Both ends of a share: `8.1%–17.3%`. Where all traces were judged there is no interval, and words say why."""
    is_whole = rate.low == rate.high and rate.n_effective is None
    return ALL_JUDGED if is_whole else f"{rate.low:.1%}–{rate.high:.1%}"


def behind(rates: Rates) -> Estimate | None:
    """The headline as the rate behind the traffic: what may be compared with that of other traffic."""
    return rates.flagged_behind if rates.problem_share is None else rates.problem_behind


def no_rate_words(n: int, with_risk: int, *, is_cascade: bool = False) -> str:
    """Why there is no rate: `nothing scored`, `no risk` or `one session alone`."""
    if not n:
        return "nothing scored"
    if not with_risk:
        return "no risk"
    return "not estimable" if is_cascade else "one session alone"


def headline(rates: Rates) -> tuple[str, Estimate | None]:
    """What the first number is called, and the number."""
    if rates.problem_share is not None:
        return HEADLINE, rates.problem_share
    if rates.n and not rates.with_risk:
        return "no answer got a risk", None
    return f"share flagged, risk ≥ {rates.cut:g}", rates.flagged


def interval_words(rates: Rates) -> str:
    """The interval of a headline: `16.3%–19.5%, n=897 traces with a risk`."""
    rate = headline(rates)[1]
    if not rates.with_risk:
        return f"none of {rates.n:,} judged traces has a risk"
    return "not estimable" if rate is None else f"{ends_words(rate)}, n={rate.n:,} traces with a risk"


def rate_lines(row: RevisionReport) -> Iterator[Line]:
    """The rates below the headline, each with what it is over."""
    rates = row.rates
    other = behind(rates)
    if other is not None and percent(other) != percent(headline(rates)[1]):
        yield Line("rate behind it", f"{percent(other)}: what other traffic like this would show")
    elif other is None and rates.with_risk:
        why = no_rate_words(rates.n, rates.with_risk, is_cascade=rates.cascade)
        yield Line("rate behind it", f"not known: {why}")
    if rates.with_risk:
        yield Line(f"flagged, risk ≥ {rates.cut:g}", f"{percent(rates.flagged)} of traces with a risk")
    if rates.flagged_of_all is not None and rates.with_risk < rates.n:
        yield Line("", f"{percent(rates.flagged_of_all)} of all judged traces")
    yield from _people_lines(row.people)
    yield from _corrected_lines(rates)
    yield from _unanswered_lines(row)
    if rates.refusals is not None:
        yield Line("refusals", f"{percent(rates.refusals)} of judged traces")
    if rates.faithful is not None:
        yield Line("faithful, ≥ .80", f"{percent(rates.faithful)} of traces with a faithfulness")
    for name in ("groundedness", "faithfulness", "risk"):
        median = getattr(rates, f"median_{name}")
        if median is not None:
            yield Line(f"median {name}", f"{median.value:.2f} ({median.low:.2f}–{median.high:.2f}, n={median.n:,})")
    for score in row.scores:
        yield Line(f"score {score.name}", score_words(score))


def score_words(score: OwnScore) -> str:
    """A score of the rubric's own: `mean 0.71 (0.66–0.76, n=60)`, or the shares of its words."""
    told = [f"{word} {percent(share)}" for word, share in score.shares.items()]
    mean = score.mean
    if mean is not None:
        told.insert(0, f"mean {mean.value:.2f} ({mean.low:.2f}–{mean.high:.2f}, n={mean.n:,})")
    return ", ".join(told) or f"n={score.n:,}, no interval: one session alone"


def _corrected_lines(rates: Rates) -> Iterator[Line]:
    corrected = rates.corrected
    if corrected is None:
        return
    label = "flagged, corrected"
    if corrected.share is None:
        yield Line(label, f"none: {corrected.note}")
        return
    judge = ", ".join(
        f"{name} {percent(estimate)}"
        for name, estimate in (("sensitivity", corrected.sensitivity), ("specificity", corrected.specificity))
        if estimate is not None
    )
    note = f"; {corrected.note}" if corrected.note else ""
    by = f", by {_labels_words(corrected)}" if corrected.labels else ""
    yield Line(label, f"{percent(corrected.share)} with the judge's errors taken out{by} ({judge}{note})")


def _labels_words(corrected: Corrected) -> str:
    """What examined the judge: `132 reviews of 2026-09-02 to 2026-11-29`, or `60 anchors of the golden set`."""
    if corrected.by == "anchors":
        return f"{corrected.labels:,} anchors of the golden set"
    if corrected.since is None or corrected.until is None:
        return f"{corrected.labels:,} reviews"
    return f"{corrected.labels:,} reviews of {corrected.since:%Y-%m-%d} to {corrected.until:%Y-%m-%d}"


def _people_lines(people: PeopleRate | None) -> Iterator[Line]:
    """What people say of answers that were put before them with a known probability."""
    if people is None:
        return
    if people.share is None:
        yield Line("as people see it", f"not told: {people.note or 'too few answers were reviewed'}")
        return
    reviewed = people.certain_reviewed + people.drawn_reviewed
    certain = f"{people.certain_reviewed:,} of {people.certain_sent:,} that all go to people"
    drawn = f"{people.drawn_reviewed:,} of {people.drawn_sent:,} drawn by chance"
    text = f"{percent(people.share)}: {reviewed:,} answers reviewed, {certain}, {drawn}"
    yield Line("as people see it", f"{text}; {people.note}" if people.note else text)


def _unanswered_lines(row: RevisionReport) -> Iterator[Line]:
    total = sum(row.unanswered.values())
    if not total:
        return
    bounds = row.rates.bounds
    what = "the headline" if row.rates.problem_share is not None else "the flagged share"
    text = f"{total:,} {'trace has' if total == 1 else 'traces have'} no verdict ({reasons(row.unanswered)})"
    if bounds is not None:
        text += f". If all were good or all bad, {what} would be {bounds.low:.1%}–{bounds.high:.1%}"
    yield Line("unanswered", text)
    if row.rates.response_share is not None:
        yield Line("", f"{row.rates.response_share:.1%} of the selected traffic was answered, weighted")


def reasons(counts: Mapping[str, int]) -> str:
    """The commonest reasons: `12 dead, judge error; 3 skipped, no response; 2 more`."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    told = [f"{n:,} {reason.replace(': ', ', ').replace('_', ' ')}" for reason, n in ordered[:_MOST_REASONS]]
    more = sum(n for _, n in ordered[_MOST_REASONS:])
    return "; ".join([*told, *([f"{more:,} more"] if more else [])])


def before_words(before: Before) -> str:
    """The period before beside this one, with what the test says."""
    period = f"{before.since:%Y-%m-%d %H:%M} to {before.until:%Y-%m-%d %H:%M} UTC"
    if before.change is None or before.before is None:
        return f"{before.word}: {before.note} ({period})"
    low, value, high = (f"{100 * end:+.1f}" for end in (before.change.low, before.change.value, before.change.high))
    p_value = "" if before.p_value is None else f"; p={before.p_value:.2g}"
    note = f"; {before.note}" if before.note else ""
    smallest = ""
    if before.smallest is not None:
        smallest = f". So many traces show a change of {100 * before.smallest:.1f} points four times in five"
    return f"{before.word}: {value} points ({low} to {high}{p_value}{note}), from {percent(before.before)}{smallest}"


def coverage_words(coverage: Coverage) -> str:
    """From seen to ended in one line: `1,500 seen, 1,161 not taken, 339 selected: 313 scored, 26 skipped, 0 dead`."""
    parts = {"scored": coverage.scored, "skipped": coverage.skipped, "dead": coverage.dead}
    ended = ", ".join(f"{sum(part.values()):,} {name}" for name, part in parts.items())
    flying = "in flight not known" if coverage.in_flight is None else f"{coverage.in_flight:,} in flight"
    before = ""
    if coverage.seen is not None:
        before = f"{coverage.seen:,} seen, "
    if coverage.not_selected is not None:
        before += f"{coverage.not_selected:,} not taken, "
    selected = coverage.ended + (coverage.in_flight or 0)
    return f"{before}{selected:,} selected: {ended}, {flying}"


def gap_words(coverage: Coverage) -> str:
    """Where record and ledger count differently: empty where they agree, or the ledger is not known."""
    ended, known = coverage.ended, coverage.ledger_ended
    if known is None or known == ended:
        return ""
    if ended < known:
        return (
            f"the record lacks {known - ended:,} traces that the ledger counts as ended: the rates below are without "
            "them; see assay status and assay doctor"
        )
    return (
        f"the record has {ended - known:,} more than this ledger counts as ended: the ledger is younger, or traces "
        "were judged under several versions of the rubric"
    )


def case_notes(case: UseCaseReport) -> Iterator[str]:
    """What to know of the counts of a use case before its rates."""
    for words in (gap_words(case.coverage), upstream_words(case.coverage)):
        if words:
            yield words
    if len(case.revisions) > 1 and any(row.unanswered for row in case.revisions):
        yield (
            f"{len(case.revisions)} revisions judged. A trace without a verdict that names none counts under the one "
            "that judged the same versions of rubric and calibration last: shares of unanswered may belong to another"
        )


def judging_words(judging: Judging) -> str:
    """What judging took: `0.4312 USD, 0.000431 an answer`."""
    priced = sum(judging.judges.values()) - judging.unpriced
    if judging.cost_usd is None:
        return "cost not known: no answer has a known price"
    each = usd(judging.cost_usd / max(1, priced)).removesuffix(" USD")
    total = f"{judging.cost_usd:.4f} USD" if 0.01 <= judging.cost_usd < 1_000 else usd(judging.cost_usd)
    cost = f"{total}, {each} an answer"
    if not judging.unpriced:
        return cost if judging.cost_usd else "0 USD, no model was paid for"
    return f"{cost} (n={priced:,}; {judging.unpriced:,} more have no known price)"


def judges_words(judging: Judging) -> str:
    """Who judged, by how much: `local 300, gpt-4o 13`. Where there was no evidence, nobody was asked."""
    known = {judge: n for judge, n in judging.judges.items() if judge != "none"}
    if not known:
        return "nobody, there was no evidence"
    return next(iter(known)) if len(known) == 1 else ", ".join(f"{judge} {n:,}" for judge, n in known.items())


def count_lines(row: RevisionReport) -> Iterator[Line]:
    """What the rates rest on: how answers were judged, by whom, and what that took."""
    yield Line("judged", judged_words(row))
    if row.boost:
        yield Line("", f"{row.boost:,} more were added because of users' feedback, and are in no rate")
    if not row.revision:
        return
    yield Line("judge", f"{judges_words(row.judging)}, revision {row.revision[:12]}")
    if row.cascade is not None:
        yield Line("", cascade_words(row.cascade))
        if row.rates.flagged is None:
            yield Line("", "nothing of what was not escalated has been audited; see judge.audit_share")
    yield Line("judging took", judging_words(row.judging))


def judged_words(row: RevisionReport) -> str:
    """How answers were judged: `866: 837 judged, 29 refusal; 29 of them have no risk`."""
    rates = row.rates
    told = f"{rates.n:,}: {states_words(row.states)}" if row.states else f"{rates.n:,}"
    without = rates.n - rates.with_risk
    return f"{told}; {without:,} of them have no risk" if rates.with_risk and without else told


def cascade_words(cascade: Cascade) -> str:
    """The way through the tiers: `80 escalated, 64 audited, 256 passed by the first tier alone`."""
    asked = f"{cascade.escalated:,} escalated, {cascade.audited:,} audited"
    told = f"{asked}, {cascade.passed:,} passed by the first tier alone"
    if cascade.unanswered:
        told += f"; {cascade.unanswered:,} not answered by the tier they needed"
    return f"{told}; weighted by 1/π and 1/π₂"


def states_words(states: Mapping[str, int]) -> str:
    """How answers were judged: `165 judged, 139 evidence silent`."""
    return ", ".join(f"{n:,} {state.replace('_', ' ')}" for state, n in sorted(states.items(), key=lambda s: -s[1]))
