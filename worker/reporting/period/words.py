"""What a report says of one revision, as lines of a label and a text: terminal, Markdown and page say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.worker.reporting.period.records import (
    Application,
    Before,
    Cascade,
    Coverage,
    Judging,
    Percentiles,
    PromptUse,
    RevisionReport,
)
from assay.worker.signals.rates import Rates
from assay.worker.statistics.intervals import Estimate

HEADLINE = "expected share of answers with a problem"
NO_USE = "not known: no trace tells tokens or cost"
_MOST_REASONS = 6


class Line(NamedTuple):
    """A line: what it is about, and what it says."""

    label: str
    text: str


def percent(estimate: Estimate | None) -> str:
    """A share with its interval and n: `12.0% (8.1%–17.3%, n=240)`."""
    if estimate is None:
        return "not estimable"
    return f"{estimate.value:.1%} ({estimate.low:.1%}–{estimate.high:.1%}, n={estimate.n:,})"


def headline(rates: Rates) -> tuple[str, Estimate | None]:
    """What the first number is called, and the number."""
    if rates.problem_share is not None:
        return HEADLINE, rates.problem_share
    return f"share flagged, risk ≥ {rates.cut:g}", rates.flagged


def interval_words(rate: Estimate | None) -> str:
    """The interval of a headline: `16.3%–19.5%, n=897 traces with a risk`."""
    if rate is None:
        return "not estimable"
    return f"{rate.low:.1%}–{rate.high:.1%}, n={rate.n:,} traces with a risk"


def rate_lines(row: RevisionReport) -> Iterator[Line]:
    """The rates below the headline, each with what it is over."""
    rates = row.rates
    behind = rates.flagged_behind if rates.problem_share is None else rates.problem_behind
    if behind is not None and percent(behind) != percent(headline(rates)[1]):
        yield Line("rate behind it", f"{percent(behind)}: what other traffic like this would show")
    if rates.with_risk:
        yield Line(f"flagged, risk ≥ {rates.cut:g}", f"{percent(rates.flagged)} of traces with a risk")
    else:
        yield Line("no rate", f"none of {rates.n:,} judged traces has a risk")
    if rates.flagged_of_all is not None and rates.with_risk < rates.n:
        yield Line("", f"{percent(rates.flagged_of_all)} of all judged traces")
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
    yield Line(label, f"{percent(corrected.share)} with the judge's errors taken out ({judge}{note})")


def _unanswered_lines(row: RevisionReport) -> Iterator[Line]:
    total = sum(row.unanswered.values())
    if not total:
        return
    bounds = row.rates.bounds
    what = "the headline" if row.rates.problem_share is not None else "the flagged share"
    text = f"{total:,} traces have no verdict ({reasons(row.unanswered)})"
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


def judging_words(judging: Judging) -> str:
    """What judging took: `0.4312 USD, 0.000431 an answer`."""
    priced = sum(judging.judges.values()) - judging.unpriced
    if judging.cost_usd is None:
        return "cost not known: no answer has a known price"
    cost = f"{judging.cost_usd:.4f} USD, {judging.cost_usd / max(1, priced):.6f} an answer"
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
    yield Line("judged", f"{row.rates.n:,}: {states_words(row.states)}" if row.states else f"{row.rates.n:,}")
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


def percentile_words(percentiles: Percentiles) -> str:
    """Half of the requests and 19 in 20: `p50 1.20 s (1.10–1.31), p95 4.80 s (4.10–5.60), n=313`."""
    if not percentiles.n:
        return "not known: no trace tells it"
    parts = [
        f"{name} {point.value:.2f} s ({point.low:.2f}–{point.high:.2f})"
        for name, point in (("p50", percentiles.p50), ("p95", percentiles.p95))
        if point is not None
    ]
    return ", ".join([*parts, f"n={percentiles.n:,}"])


def prompt_name(use: PromptUse) -> str:
    """A prompt and its version: `answer v12`, or that the traces do not tell."""
    if use.prompt_version is None:
        return use.prompt_name or "unknown"
    return f"{use.prompt_name} {use.prompt_version}" if use.prompt_name else use.prompt_version


def prompt_words(use: PromptUse) -> str:
    """What a request takes: `1,830 tokens (1,790–1,870, n=300), 0.002100 USD (0.002050–0.002150, n=300)`."""
    tokens, cost = use.tokens, use.cost_usd
    told = [
        "tokens not known"
        if tokens is None
        else f"{tokens.value:,.0f} tokens ({tokens.low:,.0f}–{tokens.high:,.0f}, n={tokens.n:,})",
        "cost not known" if cost is None else f"{cost.value:.6f} USD ({cost.low:.6f}–{cost.high:.6f}, n={cost.n:,})",
    ]
    return ", ".join(told)


def application_lines(row: RevisionReport) -> Iterator[Line]:
    """What the application took, by prompt version, and how long people waited."""
    application = row.application
    if is_use_known(application):
        yield from _prompt_lines(application)
    else:
        yield Line("a request takes", NO_USE)
    yield Line("duration", percentile_words(application.duration))
    yield Line("first token", percentile_words(application.first_token))


def is_use_known(application: Application) -> bool:
    """Whether any trace tells tokens or cost."""
    return any(use.tokens is not None or use.cost_usd is not None for use in application.prompts)


def _prompt_lines(application: Application) -> Iterator[Line]:
    for number, use in enumerate(application.prompts):
        yield Line("a request takes" if number == 0 else "", f"{prompt_name(use)}: {prompt_words(use)}")
    if application.other_prompts:
        yield Line("", f"and {application.other_prompts:,} prompt versions with fewer traces")
