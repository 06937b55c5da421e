"""What is remembered of alerts between two looks: since when they hold, who was told, and what is owed to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.alerts.rule import Alert, AlertRule, Severity

Status = Literal["firing", "resolved"]


class Delivery(Record):
    """What one channel knows of one alert.

    Attributes:
        told: what the channel took last. None: nothing yet.
        told_at: when it did (Unix time).
        owed: what it is still to be told, in this order.
        repeats: whether the first of it is a reminder of what it was told before.
        problem: why what was owed last is given up.
    """

    told: Status | None = None
    told_at: float | None = None
    owed: tuple[Status, ...] = ()
    repeats: bool = False
    problem: str = ""

    @property
    def last(self) -> Status | None:
        """What the channel will know once nothing is owed."""
        return self.owed[-1] if self.owed else self.told


class AlertState(Record):
    """One alert.

    Attributes:
        key: as `Alert.key`.
        labels: those that tell alerts of the rule apart, and the owner.
        value: of the first condition, at the last look that had one.
        since: since when the conditions hold.
        fired_at: when it began to fire. None: its conditions do not hold for long enough yet.
        ended_at: when it was resolved.
        not_since: since when the conditions hold no more, while it is kept firing.
        unseen_since: since when no sample tells whether they hold.
        silent: why nobody is told at present: a mute, a maintenance window, or the alert that explains it.
        links: addresses by what is there: `runbook`, `dashboard`, `traces`.
        deliveries: by channel.
    """

    key: str
    rule: str
    severity: Severity = "info"
    labels: dict[str, str] = Field(default_factory=dict)
    value: float | None = None
    since: float
    fired_at: float | None = None
    ended_at: float | None = None
    not_since: float | None = None
    unseen_since: float | None = None
    silent: str = ""
    summary: str = ""
    description: str = ""
    details: dict[str, str] = Field(default_factory=dict)
    links: dict[str, str] = Field(default_factory=dict)
    deliveries: dict[str, Delivery] = Field(default_factory=dict)

    @property
    def is_firing(self) -> bool:
        """Whether it fires now."""
        return self.fired_at is not None and self.ended_at is None

    @property
    def use_case(self) -> str | None:
        """The use case that it is about. None: the fleet."""
        return self.labels.get("use_case")


class ChannelState(Record):
    """How a channel takes what it is sent.

    Attributes:
        address: a digest of where it leads. Another one is another channel.
        failures: how often in a row it did not take anything.
        failed_at: when it last did not (Unix time).
        not_before: nothing is sent before this moment.
        is_refused: it says that nothing will be taken: a wrong key, a webhook that was revoked.
        problem: what it answered, in words of ours.
        taken_at: when it last took something.
    """

    address: str = ""
    failures: int = 0
    failed_at: float = 0.0
    not_before: float = 0.0
    is_refused: bool = False
    problem: str = ""
    taken_at: float | None = None


class AlertBook(Record):
    """Everything that is remembered.

    Attributes:
        looked_at: when rules were last evaluated (Unix time).
        alerts: by key: those that hold or fire.
        ended: by key: those whose end somebody is still to be told. The same may hold again already.
        channels: by name.
    """

    looked_at: float = 0.0
    alerts: dict[str, AlertState] = Field(default_factory=dict)
    ended: dict[str, AlertState] = Field(default_factory=dict)
    channels: dict[str, ChannelState] = Field(default_factory=dict)

    def all_states(self) -> list[AlertState]:
        """Every alert, also those that have ended."""
        return [*self.ended.values(), *self.alerts.values()]

    def with_state(self, state: AlertState) -> AlertBook:
        """The book with another state of an alert that is in it."""
        place = "alerts" if state.ended_at is None else "ended"
        return self.model_copy(update={place: {**getattr(self, place), state.key: state}})

    def firing(self) -> list[AlertState]:
        """What fires now, the most urgent first, then the longest."""
        return sorted((state for state in self.alerts.values() if state.is_firing), key=urgency)


def urgency(state: AlertState) -> tuple[int, float, str]:
    """The order in which alerts are told."""
    return ("page", "ticket", "info").index(state.severity), state.fired_at or state.since, state.key


def label_key(rule: AlertRule, labels: Iterable[tuple[str, str]]) -> str:
    """The key of an alert of a rule."""
    return Alert(rule=rule, labels=dict(labels), value=None, started_at=0.0).key


def plain_labels(labels: Mapping[str, str]) -> str:
    """Labels in one line: `use_case=support-bot, rubric=grounding`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
