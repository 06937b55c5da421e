"""What a digest says, in the same words in every form."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.digest.records import DigestAlert, DigestRate, DigestUseCase, OwnerDigest
from assay.worker.alerts.wording import duration_words
from assay.worker.reporting.period.records import WorstAnswer
from assay.worker.reporting.period.words import percent

SIGNS = {"worse": "▲", "better": "▼", "no change shown": "=", "not compared": "–"}
"""Beside a rate of problems: it rose, it fell, no change is shown, it was not compared."""

LONGEST_ID = 120


def headline_of(digest: OwnerDigest) -> str:
    """The week in a sentence: `2 of 3 use cases got worse; 1 page, 2 tickets; golden set support-v1 needs a look`."""
    judged = [case for case in digest.use_cases if any(rate.rate for rate in case.rates)]
    worse = [case for case in judged if any(rate.change == "worse" for rate in case.rates)]
    parts = []
    if not judged:
        parts.append("no answer was judged")
    elif worse:
        parts.append(f"{len(worse)} of {_cases(len(judged))} got worse")
    else:
        parts.append(f"{_cases(len(judged))} judged, none shown to be worse")
    fired = [alert for case in digest.use_cases for alert in case.alerts] + list(digest.fleet)
    for severity, word in (("page", "page"), ("ticket", "ticket")):
        if n := sum(alert.times for alert in fired if alert.severity == severity):
            parts.append(f"{n:,} {word}{'s' if n > 1 else ''}")
    parts += [f"golden set {line.label} needs a look" for line in digest.golden if line.tone == "bad"]
    return "; ".join(parts)


def rate_words(rate: DigestRate) -> str:
    """`share flagged, risk ≥ 0.5: 12.0% (8.1%–17.3%, n=240)`, or why there is none."""
    if rate.rate is None:
        return f"{rate.name}: no rate, {rate.note}" if rate.note else rate.name
    return f"{rate.name}: {percent(rate.rate)}"


def judged_words(rate: DigestRate) -> str:
    """What the rate rests on: `240 of 251 selected traces judged, rubric grounding, revision 904b364ef0f5`."""
    revision = f", revision {rate.revision}" if rate.revision else ""
    return f"{rate.judged:,} of {rate.ended:,} selected traces judged, rubric {rate.rubric}{revision}"


def alert_words(alert: DigestAlert) -> str:
    """`ticket AssayFlaggedCreep: bot: flagged answers rise slowly (2 times, 3.5 h in all, fires still)`."""
    times = "once" if alert.times == 1 else f"{alert.times:,} times"
    parts = [times, f"{duration_words(alert.seconds)} in all"]
    parts += ["fires still"] if alert.fires else []
    parts += [] if alert.told else ["muted or explained by another"]
    return f"{alert.severity} {alert.rule}: {alert.summary} ({', '.join(parts)})"


def case_lines(case: DigestUseCase) -> Iterator[tuple[str, str, str]]:
    """Label, text and tone of everything but rates and worst answers."""
    for line in (*case.objectives, *case.changes):
        yield line.label, line.text, line.tone
    for alert in case.alerts:
        yield "alert", alert_words(alert), "bad" if alert.fires and alert.severity == "page" else ""
    for line in case.costs:
        yield line.label, line.text, line.tone


def worst_words(answer: WorstAnswer) -> str:
    """`risk 0.97, contradicted`."""
    kind = f", {answer.kind.replace('_', ' ')}" if answer.kind else ""
    return f"risk {answer.risk:.2f}{kind}"


def _cases(n: int) -> str:
    return f"{n:,} use case{'' if n == 1 else 's'}"
