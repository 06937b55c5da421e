"""What fires now, who was told, and what keeps people from being told: `assay alerts now`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field

from assay.judges.schema import Record
from assay.worker.alerts.muting import Mute
from assay.worker.alerts.states import AlertBook, AlertState, ChannelState, Delivery, plain_labels
from assay.worker.alerts.wording import duration_words, moment

LATE_AFTER_S = 300.0
"""When nobody has looked for so long, what is shown is old."""


class FiringAlert(Record):
    """One alert that fires, or whose end is still to be told.

    Attributes:
        since: when it began to fire (Unix time).
        silent: why nobody is told.
        told: by channel what became of it, in words.
        links: where to look.
    """

    rule: str
    severity: str
    labels: dict[str, str]
    summary: str
    since: float
    ended_at: float | None = None
    unseen_since: float | None = None
    value: float | None
    details: dict[str, str]
    silent: str
    told: dict[str, str]
    links: dict[str, str]


class ChannelView(Record):
    """How a channel stands. `is_open` says that its key is set."""

    name: str
    is_open: bool
    problem: str = ""
    is_refused: bool = False
    taken_at: float | None = None


class PresentAlerts(Record):
    """Everything at once.

    `looked_at` is when rules were last evaluated, 0 where they never were; `digest` what of the last weekly message
    was not taken.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[1] = Field(default=1, alias="schema")
    looked_at: float
    warning: str = ""
    firing: tuple[FiringAlert, ...] = ()
    ended: tuple[FiringAlert, ...] = ()
    mutes: tuple[Mute, ...] = ()
    channels: tuple[ChannelView, ...] = ()
    digest: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What `assay status` says of it: nothing where nothing fires and every channel takes what it is sent."""
        return list(_lines(self))


def present_alerts(
    book: AlertBook, mutes: Sequence[Mute], now: float, *, open_names: Sequence[str], known_names: Sequence[str]
) -> PresentAlerts:
    """What the book says at a moment.

    Args:
        book: what is remembered.
        mutes: mutes by command.
        now: Unix time.
        open_names: channels that have a key.
        known_names: all that there are.
    """
    return PresentAlerts(
        looked_at=book.looked_at,
        warning=_warning(book.looked_at, now),
        firing=tuple(_alert(state) for state in book.firing()),
        ended=tuple(_alert(state) for state in book.ended.values()),
        mutes=tuple(mutes),
        channels=tuple(_channel(name, book.channels.get(name), open_names) for name in known_names),
    )


def alerts_schema() -> dict[str, Any]:
    """The JSON schema of `assay alerts now --json`."""
    return PresentAlerts.model_json_schema(by_alias=True, mode="serialization")


def told_words(known: Delivery) -> str:
    """What became of an alert at a channel: `told 2026-11-30 12:00 UTC`, `owed: firing`, `given up: answered 400`."""
    if known.problem:
        return f"given up: {known.problem}"
    told = f"told {known.told} {moment(known.told_at)}" if known.told and known.told_at is not None else ""
    owed = f"owed: {', then '.join(known.owed)}" if known.owed else ""
    return "; ".join(part for part in (told, owed) if part) or "not told"


def _alert(state: AlertState) -> FiringAlert:
    return FiringAlert(
        rule=state.rule,
        severity=state.severity,
        labels=state.labels,
        summary=state.summary,
        since=state.fired_at if state.fired_at is not None else state.since,
        ended_at=state.ended_at,
        unseen_since=state.unseen_since,
        value=state.value,
        details=state.details,
        silent=state.silent,
        told={name: told_words(known) for name, known in state.deliveries.items()},
        links=state.links,
    )


def _channel(name: str, state: ChannelState | None, open_names: Sequence[str]) -> ChannelView:
    is_open = name in open_names
    if state is None or not is_open:
        return ChannelView(name=name, is_open=is_open)
    return ChannelView(
        name=name, is_open=True, problem=state.problem, is_refused=state.is_refused, taken_at=state.taken_at
    )


def _warning(looked_at: float, now: float) -> str:
    if not looked_at:
        return "the rules were never evaluated here: are beat and a control worker up?"
    if looked_at - now > LATE_AFTER_S:
        return f"the rules were last evaluated {duration_words(looked_at - now)} ahead of now: was the clock set back?"
    if now - looked_at > LATE_AFTER_S:
        return f"the rules were last evaluated {duration_words(now - looked_at)} ago: are beat and a control worker up?"
    return ""


def _lines(present: PresentAlerts) -> Iterator[str]:
    if present.firing:
        count = {name: sum(alert.severity == name for alert in present.firing) for name in ("page", "ticket", "info")}
        told = ", ".join(f"{n} {name}" for name, n in count.items() if n)
        silent = sum(bool(alert.silent) for alert in present.firing)
        hidden = f", {silent} of them muted or explained" if silent else ""
        yield f"alerts: {told} firing{hidden}; see assay alerts now"
    for channel in present.channels:
        if channel.problem:
            again = "see assay alerts test" if channel.is_refused else "it is tried again"
            yield f"alerts: {channel.name} does not take them ({channel.problem}): {again}"
    if present.digest:
        more = f" and {len(present.digest) - 1:,} more" if len(present.digest) > 1 else ""
        yield f"digest: not taken: {present.digest[0]}{more}"


def alert_words(alert: FiringAlert) -> list[str]:
    """An alert in lines."""
    place = plain_labels(alert.labels)
    begin = moment(alert.since)
    end = "" if alert.ended_at is None else f", over since {moment(alert.ended_at)}"
    lines = [f"{alert.severity}: {alert.summary or alert.rule}", f"{alert.rule}, {place}, since {begin}{end}"]
    lines += [f"{name}: {words}" for name, words in alert.details.items()]
    if alert.unseen_since is not None:
        lines.append(f"no sample since {moment(alert.unseen_since)}: it may be over")
    if alert.silent:
        lines.append(f"nobody is told: {alert.silent}")
    lines += [f"{name}: {words}" for name, words in alert.told.items()]
    return [*lines, *(f"{name}: {href}" for name, href in alert.links.items())]
