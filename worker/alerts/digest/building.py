"""Digests out of what was read: the report of the week, the names in its traffic, alerts, samples, golden runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assay.worker.alerts.book_keeping import Episode
from assay.worker.alerts.digest.kept_figures import (
    WINDOW,
    Figures,
    cost_lines,
    drift_lines,
    judging_lines,
    objective_lines,
)
from assay.worker.alerts.digest.names_in_traffic import Week, Weeks, feature_changes, name_changes
from assay.worker.alerts.digest.rates import rates_by_case
from assay.worker.alerts.digest.records import DigestAlert, DigestLine, DigestRate, DigestUseCase, OwnerDigest
from assay.worker.alerts.series import Series
from assay.worker.alerts.wording import moment
from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.records.metrics import fleet, quality
from assay.worker.reporting.period.records import PeriodReport, UseCaseReport, WorstAnswer

WORST = 3
"""Answers that a use case's part points to."""

LATE_AFTER_S = 36 * 3600.0
"""So long after a week's end what is known of the present says little of it."""

OLD_AFTER_S = 3 * 3600.0
"""Figures of seven days are computed anew long before."""

_GOOD_ENDS = frozenset({"pass", "complete"})


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Everything that digests are made of.

    Attributes:
        report: the week, with the week before and links.
        weeks: names in the traffic of both.
        owners: use cases of assay.yaml and the owner of each.
        episodes: alerts of the week.
        series: samples as they are now.
        golden: how scheduled golden sets stand.
        now: Unix time.
        has_state: whether the fleet's state was read, which knows the present alone.
        notes: what could not be read.
    """

    report: PeriodReport
    weeks: Weeks
    owners: Mapping[str, str | None]
    episodes: Sequence[Episode] = ()
    series: Series = field(default_factory=lambda: Series(()))
    golden: Sequence[ScheduleStatus] = ()
    now: float
    has_state: bool = True
    notes: Sequence[str] = ()


def build_digests(gathered: Gathered, owner: str | None = None) -> list[OwnerDigest]:
    """A digest for each owner, those without one last.

    Args:
        gathered: what was read.
        owner: of this one alone. None: of all.
    """
    by_owner: dict[str | None, list[str]] = defaultdict(list)
    in_record = {case.use_case for case in gathered.report.use_cases}
    for name in sorted({*gathered.owners, *in_record}):
        by_owner[gathered.owners.get(name)].append(name)
    wanted = [name for name in by_owner if owner in (None, name)]
    wanted.sort(key=lambda name: (name is None, name or ""))
    return [_digest(name, by_owner[name], gathered) for name in wanted]


def _digest(owner: str | None, names: Iterable[str], gathered: Gathered) -> OwnerDigest:
    own = set(names)
    rates = rates_by_case([case for case in gathered.report.use_cases if case.use_case in own])
    cases = [_use_case(name, gathered, rates.get(name, ())) for name in sorted(own)]
    return OwnerDigest(
        owner=owner,
        since=gathered.report.since,
        until=gathered.report.until,
        use_cases=tuple(sorted(cases, key=_urgency)),
        golden=tuple(_golden(status, Figures(gathered.series)) for status in gathered.golden),
        fleet=tuple(_alerts([each for each in gathered.episodes if each.use_case is None], gathered)),
        notes=(*gathered.report.notes, *gathered.notes, *_state_notes(gathered)),
    )


def _urgency(case: DigestUseCase) -> tuple[bool, bool, str]:
    """What got worse first, then what has traffic."""
    return all(rate.change != "worse" for rate in case.rates), not case.rates, case.name


def _state_notes(gathered: Gathered) -> Iterator[str]:
    """What the fleet's state is silent of, or tells of another time, so that nobody takes it for this week's news."""
    if not gathered.has_state:
        return
    if gathered.now - gathered.report.until.timestamp() > LATE_AFTER_S:
        yield "objectives, drift, costs, budgets and golden sets are as of now, not as of this week's end"
    computed_at = Figures(gathered.series).value(quality.COMPUTED.name, window=WINDOW)
    if computed_at is None:
        yield "objectives, drift, costs are missing where they were not computed lately; are beat and a worker up?"
    elif gathered.now - computed_at > OLD_AFTER_S:
        yield f"objectives, costs and their budgets are as of {moment(computed_at)}: are beat and a worker up?"


def _use_case(name: str, gathered: Gathered, rates: tuple[DigestRate, ...]) -> DigestUseCase:
    reports = [case for case in gathered.report.use_cases if case.use_case == name]
    figures = Figures(gathered.series)
    now, before = gathered.weeks.now.get(name), gathered.weeks.before.get(name)
    own = [episode for episode in gathered.episodes if episode.use_case == name]
    return DigestUseCase(
        name=name,
        rates=rates,
        objectives=tuple(objective_lines(figures, name)),
        changes=(*name_changes(now, before), *feature_changes(now, before), *drift_lines(figures, name)),
        alerts=tuple(_alerts(own, gathered)),
        worst=tuple(_worst(reports)),
        costs=(*cost_lines(figures, name), *judging_lines(figures, name, _usd(now), _usd(before))),
    )


def _worst(reports: Sequence[UseCaseReport]) -> list[WorstAnswer]:
    """The worst answers of all revisions; one trace once."""
    answers: dict[tuple[str, str], WorstAnswer] = {}
    for case in reports:
        for row in case.revisions:
            for answer in row.worst:
                key = (answer.trace_id, answer.observation_id)
                known = answers.get(key)
                answers[key] = answer if known is None or answer.risk > known.risk else known
    return sorted(answers.values(), key=lambda answer: -answer.risk)[:WORST]


def _alerts(episodes: Sequence[Episode], gathered: Gathered) -> Iterator[DigestAlert]:
    """Alerts by their key, the most urgent first."""
    by_key: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        by_key[episode.key].append(episode)
    order = sorted(by_key.values(), key=lambda own: (_SEVERITIES.index(own[-1].severity), own[-1].key))
    since, until = gathered.report.since.timestamp(), gathered.report.until.timestamp()
    for own in order:
        last = own[-1]
        # What has not ended may have been forgotten by a fleet that was down: it fires at most until now.
        spans = [min(each.ended_at or gathered.now, until) - max(each.fired_at, since) for each in own]
        yield DigestAlert(
            rule=last.rule,
            severity=last.severity,
            summary=last.summary,
            times=len(own),
            seconds=sum(max(0.0, span) for span in spans),
            fires=last.ended_at is None,
            told=any(not each.silent for each in own),
        )


_SEVERITIES = ("page", "ticket", "info")


def _golden(status: ScheduleStatus, figures: Figures) -> DigestLine:
    """How a golden set stands."""
    last = status.last_run
    if status.problem:
        return DigestLine(label=status.golden_set, text=f"cannot be run: {status.problem}", tone="bad")
    if last is None:
        return DigestLine(label=status.golden_set, text="no scheduled run has ended yet", tone="open")
    detail = f": {last.detail}" if last.detail else ""
    late = f"; overdue by {status.overdue_s / 3600:.1f} h" if status.overdue_s else ""
    tone = "good" if last.verdict in _GOOD_ENDS and not late else "bad" if last.verdict == "regressed" else "open"
    rate = figures.with_bounds(fleet.GOLDEN_PASS, golden_set=status.golden_set)
    passed = "" if rate is None else f", pass rate {rate[1]:.1%} ({rate[0]:.1%}–{rate[2]:.1%})"
    text = f"{last.verdict} on {last.slot:%Y-%m-%d}{passed}{detail}{late}"
    return DigestLine(label=status.golden_set, text=text, tone=tone)


def _usd(week: Week | None) -> float | None:
    return None if week is None else week.judge_usd
