"""One look: rules are held against the samples, it is noted what is owed to whom, and then it is sent."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from assay.worker.alerts.book_keeping import KeptAlerts
from assay.worker.alerts.evaluating import Evaluation, compared_words, evaluate
from assay.worker.alerts.muting import MuteBook, with_silence
from assay.worker.alerts.notice import Channel
from assay.worker.alerts.owing import is_over, with_owed
from assay.worker.alerts.rendering.templates import filled_annotations
from assay.worker.alerts.rule import AlertRule
from assay.worker.alerts.sending import Mail
from assay.worker.alerts.series import Series
from assay.worker.alerts.states import AlertBook, AlertState, ChannelState, Delivery
from assay.worker.alerts.wording import value_words
from assay.worker.config.alerting import Alerting
from assay.worker.ports.clock import Clock
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.metrics.metric import Sample
from assay.worker.records.reports import Report

LOCK = "alerts:look"
LOCK_S = 30.0
"""How long the lock of a worker that was killed keeps others from looking. The living hold on to it."""

PAUSE_S = 300.0
"""So long without a look, e.g. while the fleet was down, is a gap: nothing is known to have held throughout."""

MOST_LINKED = 3
"""Alerts of one look whose worst traces are looked for."""

log = structlog.get_logger(__name__)

Links = Callable[[AlertState], Awaitable[Mapping[str, str]]]
"""Addresses of the worst traces behind an alert that has just fired."""


class AlertReport(Report):
    """What a look came to: alerts that began and ended, notices that channels took, and channels that did not.

    `firing` is how many fire now, `busy` that another worker was looking.
    """

    firing: int = 0
    fired: int = 0
    resolved: int = 0
    sent: int = 0
    failed: tuple[str, ...] = ()
    busy: bool = False


async def no_links(_state: AlertState) -> Mapping[str, str]:
    """Where nothing is known of traces."""
    return {}


@dataclass(frozen=True)
class AlertDesk:
    """Looks after the alerts of a deployment.

    Attributes:
        rules: all of them.
        alerting: `alerts:` of assay.yaml.
        owners: the owner of each use case that has one.
        channels: those that have a key.
        worst: finds the worst traces.
        lock_s: see `LOCK_S`.
    """

    key_values: KeyValues
    locks: Locks
    clock: Clock
    rules: Sequence[AlertRule]
    alerting: Alerting = field(default_factory=Alerting)
    owners: Mapping[str, str] = field(default_factory=dict)
    channels: Sequence[Channel] = ()
    worst: Links = no_links
    lock_s: float = LOCK_S

    async def look(self, samples: Iterable[Sample]) -> AlertReport:
        """Look once; nothing, where another worker is at it.

        Raises:
            StateUnavailable
        """
        owner = secrets.token_hex(8)
        if not await self.locks.acquire(LOCK, owner=owner, ttl_s=self.lock_s):
            return AlertReport(busy=True)
        holding = asyncio.create_task(self._hold(owner))
        try:
            return await self._look(Series(samples))
        finally:
            holding.cancel()
            await self.locks.release(LOCK, owner=owner)

    async def _hold(self, owner: str) -> None:
        """Hold on to the lock. While the state is away for a moment nobody else can take it either."""
        while True:
            await asyncio.sleep(self.lock_s / 3)
            with suppress(StateUnavailable):
                await self.locks.acquire(LOCK, owner=owner, ttl_s=self.lock_s)

    async def _look(self, series: Series) -> AlertReport:
        kept, now = KeptAlerts(self.key_values), self.clock.now().timestamp()
        before = await kept.book()
        evaluation = evaluate(self.rules, series, now, _known(before, now))
        alerts, ended = _merged(before, evaluation)
        alerts = {key: self._told(state, series, now) for key, state in alerts.items()}
        for key in evaluation.fired[:MOST_LINKED]:
            alerts[key] = await self._linked(alerts[key])
        mutes = await MuteBook(self.key_values, self.locks).mutes(now)
        alerts, ended = (
            with_silence(states, firing=alerts, rules=self.rules, muted=(self.alerting.maintenance, mutes), now=now)
            for states in (alerts, ended)
        )
        channels = self._channels(before)
        book = AlertBook(
            looked_at=now,
            alerts=self._with_owed(alerts, before, channels, now),
            ended=self._with_owed(ended, before, channels, now),
            channels=channels,
        )
        # What is owed is written down before anything is sent: a worker that dies now leaves it to the next.
        await kept.keep(book)
        await kept.note([alerts[key] for key in evaluation.fired], evaluation.resolved, now)
        mail = Mail(book, kept, self.clock)
        await mail.send(self.channels)
        return AlertReport(
            firing=len(mail.book.firing()),
            fired=len(evaluation.fired),
            resolved=len(evaluation.resolved),
            sent=sum(mail.sent.values()),
            failed=tuple(sorted(mail.failed)),
        )

    def _told(self, state: AlertState, series: Series, now: float) -> AlertState:
        """The alert in words. What holds no more, or cannot be seen, keeps those it had."""
        if state.unseen_since is not None or state.not_since is not None:
            return state
        rule = _rule_of(state, self.rules)
        if rule is None:
            return state
        owner = self.owners.get(state.use_case or "")
        words = value_words(rule.all_of[0], state.value) if rule.all_of else ""
        by = {name: state.labels.get(name, "") for name in rule.by}
        texts = filled_annotations(rule, by, words, self.alerting)
        addresses = {name: texts.get(f"{name}_url", "") for name in ("runbook", "dashboard")}
        command = {"worst traces": texts["worst_traces"]} if "worst_traces" in texts else {}
        return state.model_copy(
            update={
                "labels": {**state.labels, **({"owner": owner} if owner else {})},
                "summary": texts["summary"],
                "description": texts["description"],
                "links": {**state.links, **{name: url for name, url in addresses.items() if url.startswith("http")}},
                "details": {**compared_words(rule, state.labels, series, now), **command},
            }
        )

    async def _linked(self, state: AlertState) -> AlertState:
        return state.model_copy(update={"links": {**state.links, **await self.worst(state)}})

    def _channels(self, before: AlertBook) -> dict[str, ChannelState]:
        """How the channels stand. One whose key was changed starts anew."""
        known = {}
        for channel in self.channels:
            state = before.channels.get(channel.name)
            is_same = state is not None and state.address == channel.address
            known[channel.name] = state if state is not None and is_same else ChannelState(address=channel.address)
        return known

    def _with_owed(
        self, alerts: Mapping[str, AlertState], before: AlertBook, channels: Mapping[str, ChannelState], now: float
    ) -> dict[str, AlertState]:
        changed = {
            name: not before.channels.get(name, ChannelState()).address
            for name, state in channels.items()
            if before.channels.get(name, ChannelState()).address != state.address
        }
        repeat_after_s = {
            channel.name: 3600 * self.alerting.repeat_pages_hours for channel in self.channels if channel.wants_repeats
        }
        after = {}
        for key, state in alerts.items():
            wanted = {channel.name: state.severity in channel.severities for channel in self.channels}
            owing = with_owed(_anew(state, changed), wanted, now, repeat_after_s=repeat_after_s)
            if not is_over(owing, now):
                after[key] = owing
        return after


async def reopen(desk: AlertDesk, names: Sequence[str]) -> bool:
    """Forget what channels refused: they take messages again. False where a worker is looking at this moment.

    Raises:
        StateUnavailable
    """
    owner = secrets.token_hex(8)
    if not await desk.locks.acquire(LOCK, owner=owner, ttl_s=desk.lock_s):
        return False
    try:
        kept = KeptAlerts(desk.key_values)
        book = await kept.book()
        # Without an address a channel counts as another one at the next look, which starts it anew.
        again = {
            name: state.model_copy(update={"address": ""}) for name, state in book.channels.items() if name in names
        }
        await kept.keep(book.model_copy(update={"channels": {**book.channels, **again}}))
        return True
    finally:
        await desk.locks.release(LOCK, owner=owner)


def _known(before: AlertBook, now: float) -> Mapping[str, AlertState]:
    """The alerts of the last look. After a pause those that did not fire yet wait anew: what held then is not known."""
    if abs(now - before.looked_at) < PAUSE_S:
        return before.alerts
    return {key: state for key, state in before.alerts.items() if state.fired_at is not None}


def _merged(before: AlertBook, evaluation: Evaluation) -> tuple[dict[str, AlertState], dict[str, AlertState]]:
    """The alerts that hold, and those whose end is still to be told.

    One that begins anew before its end was told knows who was told of its beginning. What was given up is tried again.
    """
    ended = {**before.ended, **{state.key: state for state in evaluation.resolved}}
    alerts = dict(evaluation.states)
    for key in evaluation.fired:
        if (earlier := ended.pop(key, None)) is not None:
            deliveries = {name: _with_hope(known) for name, known in earlier.deliveries.items()}
            alerts[key] = alerts[key].model_copy(update={"deliveries": deliveries})
    return alerts, ended


def _anew(state: AlertState, changed: Mapping[str, bool]) -> AlertState:
    """The alert as channels know it that stand anew.

    Args:
        state: the alert.
        changed: by name, whether it is the same place as before. Another place was told nothing.
    """
    kept: dict[str, Delivery] = {}
    for name, known in state.deliveries.items():
        if name not in changed:
            kept[name] = known
        elif changed[name] or known.told is None:
            kept[name] = _with_hope(known)
    return state.model_copy(update={"deliveries": kept})


def _with_hope(known: Delivery) -> Delivery:
    return known.model_copy(update={"problem": ""})


def _rule_of(state: AlertState, rules: Sequence[AlertRule]) -> AlertRule | None:
    """The rule that an alert is of: of several with one name the one that picks its labels."""
    for rule in rules:
        where = rule.all_of[0].where if rule.all_of else {}
        if rule.name == state.rule and all(
            state.labels[name] in values.split("|") for name, values in where.items() if name in state.labels
        ):
            return rule
    return None
