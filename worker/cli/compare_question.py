"""What `assay compare` was asked, from its options: two values of a fact, or the times before and after a moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.moments import parse_moment
from assay.worker.config.deployment import Deployment
from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.records.storable import storable_text
from assay.worker.reporting.compare.question import Question, Side, quoted
from assay.worker.reporting.compare.shares import ShareKind
from assay.worker.reporting.compare.verdict import LEAST_RULE, CompareRules

USUAL = timedelta(days=7)
"""How far back traffic is compared where nothing is said."""


class Asked(NamedTuple):
    """The options that say which sides are compared, as they were typed."""

    by: str | None
    a: str | None
    b: str | None
    changed_at: str | None
    since: str | None
    until: str


def sides_of(asked: Asked, now: datetime) -> tuple[Side, Side]:
    """Both sides.

    Raises:
        ConfigurationError: an option is missing, too much, or no moment.
    """
    until = min(now, parse_moment(asked.until, "--until", now, is_end=True))
    if asked.changed_at is not None:
        return _in_time(asked, asked.changed_at, until, now)
    if asked.by is None or asked.a is None or asked.b is None:
        raise ConfigurationError(
            "--by, --a, --b: name the fact and its two values, e.g. --by release --a v41 --b v42; "
            "or give --changed-at with a moment"
        )
    since = now - USUAL if asked.since is None else parse_moment(asked.since, "--since", now)
    _check_order("--since, --until", since, until)
    a, b = (storable_text(name) for name in (asked.a, asked.b))
    return Side(name=a, value=a, since=since, until=until), Side(name=b, value=b, since=since, until=until)


def _in_time(asked: Asked, moment: str, until: datetime, now: datetime) -> tuple[Side, Side]:
    if asked.by is not None or asked.a is not None or asked.b is not None:
        raise ConfigurationError("--changed-at, --by: the sides are told apart by time or by a fact; leave one out")
    changed = parse_moment(moment, "--changed-at", now)
    _check_order("--changed-at, --until", changed, until)
    since = changed - (until - changed) if asked.since is None else parse_moment(asked.since, "--since", now)
    _check_order("--since, --changed-at", since, changed)
    return Side(name="before", since=since, until=changed), Side(name="after", since=changed, until=until)


def _check_order(options: str, first: datetime, last: datetime) -> None:
    if first >= last:
        raise ConfigurationError(
            f"{options}: {first:%Y-%m-%d %H:%M} is not before {last:%Y-%m-%d %H:%M} UTC; nothing lies between"
        )


def rules_of(alpha: float, must_see: float, margin: float | None, accept: Sequence[ShareKind] = ()) -> CompareRules:
    """What the verdict is asked for.

    Raises:
        ConfigurationError: a number that is none.
    """
    for option, value, most in (
        ("--alpha", alpha, 0.5),
        ("--must-see", must_see, 1.0),
        ("--non-inferior", margin, 1.0),
    ):
        if value is not None and not _is_in(value, most, closed=option == "--must-see"):
            raise ConfigurationError(
                f"{option}: {value:g} is not between {LEAST_RULE:.6f} and {most:g}; 0.05 means 5 %"
            )
    return CompareRules(alpha=alpha, must_see=must_see, margin=margin, accept=tuple(dict.fromkeys(accept)))


def _is_in(value: float, most: float, *, closed: bool) -> bool:
    """Whether a number may be taken. Only a difference of all answers may be as large as can be."""
    return LEAST_RULE <= value < most or (closed and value == most)


async def check_names(reader: HistoryReader, deployment: Deployment, question: Question) -> None:
    """See that there are such use cases and rubrics: configured now, or in the record of these times.

    Raises:
        ConfigurationError, HistoryUnavailable
    """
    cases = [case.name for case in deployment.use_cases]
    judged_by = {name for case in deployment.use_cases for name in deployment.rubrics_of(case)}
    if any(name not in cases for name in question.use_cases):
        sides = (question.a, question.b)
        span = HistoryQuery(since=min(side.since for side in sides), until=max(side.until for side in sides))
        cases += sorted(set(await reader.use_cases(span)) - set(cases))
    _check("--use-case", question.use_cases, cases, "neither in assay.yaml nor in the record of these times")
    _check("--rubric", question.rubrics, sorted(judged_by), "not in assay.yaml")


def _check(option: str, names: Iterable[str], known: Sequence[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise ConfigurationError(f"{option}: {quoted(name)} is {where}; {did_you_mean(name, known)}")
