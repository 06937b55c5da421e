"""Who is told nothing, and why: maintenance windows, mutes by command, and alerts that another one explains."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from pydantic import TypeAdapter, ValidationError

from assay.judges.schema import Record
from assay.worker.alerts.rule import AlertRule
from assay.worker.alerts.states import AlertState
from assay.worker.config.maintenance import Maintenance
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.state import StateBusy

KEY = "alerts:mutes"
_LOCK = "alerts:mutes"
_KEPT_S = 400 * 86_400
MOST_MUTES = 200
"""Mutes by command at a time. More would be a rule to switch off, or a window for assay.yaml."""


class Mute(Record):
    """Alerts that nobody is told of for a while, by `assay alerts mute`.

    Attributes:
        id: a short name, for `assay alerts unmute`.
        rule, use_case: globs. None: all.
        until: Unix time.
    """

    id: str
    rule: str | None = None
    use_case: str | None = None
    since: float
    until: float
    reason: str

    def holds(self, state: AlertState, now: float) -> bool:
        """Whether it is about this alert now."""
        return now < self.until and _is_meant(state, _listed(self.rule), _listed(self.use_case))

    def __str__(self) -> str:
        return f"mute {self.id} until {_moment(self.until)}: {self.reason}"


_MUTES = TypeAdapter(tuple[Mute, ...])


class MuteBook:
    """The mutes by command, in the fleet's state."""

    def __init__(self, key_values: KeyValues, locks: Locks) -> None:
        self._key_values = key_values
        self._locks = locks

    async def mutes(self, now: float) -> Sequence[Mute]:
        """Those that have not ended.

        Raises:
            StateUnavailable
        """
        raw = (await self._key_values.kept([KEY])).get(KEY)
        try:
            return [mute for mute in _MUTES.validate_json(raw) if now < mute.until] if raw else []
        except ValidationError:  # of another version
            return []

    async def add(self, mute: Mute, now: float) -> None:
        """Add one.

        Raises:
            StateUnavailable
            StateBusy: another command changes them at this moment, or there are too many.
        """
        await self._change([mute], frozenset(), now)

    async def remove(self, ids: Iterable[str], now: float) -> Sequence[Mute]:
        """End some. Returns those that were there.

        Raises:
            StateUnavailable
            StateBusy: another command changes them at this moment.
        """
        return await self._change([], frozenset(ids), now)

    async def _change(self, added: Sequence[Mute], removed: frozenset[str], now: float) -> Sequence[Mute]:
        owner = secrets.token_hex(8)
        if not await self._locks.acquire(_LOCK, owner=owner, ttl_s=10):
            raise StateBusy("another command changes the mutes at this moment; try again in a few seconds")
        try:
            there = await self.mutes(now)
            kept = (*(mute for mute in there if mute.id not in removed), *added)
            if len(kept) > MOST_MUTES:
                raise StateBusy(f"there are {len(there)} mutes; end some, or write a window into assay.yaml")
            await self._key_values.keep(KEY, _MUTES.dump_json(kept), ttl_s=_KEPT_S, replace=True)
            return [mute for mute in there if mute.id in removed]
        finally:
            await self._locks.release(_LOCK, owner=owner)


def new_mute_id() -> str:
    """A name that is easy to type: `m3f9a1`."""
    return f"m{secrets.token_hex(3)[:5]}"


def with_silence(
    states: Mapping[str, AlertState],
    *,
    firing: Mapping[str, AlertState],
    rules: Iterable[AlertRule],
    muted: tuple[Iterable[Maintenance], Iterable[Mute]],
    now: float,
) -> dict[str, AlertState]:
    """The alerts, each with the reason why nobody is told of it now; empty where people are.

    Args:
        states: alerts that hold, or have ended. The end of one is told also while another one would explain it.
        firing: what may explain others. What is muted still does: it is the same trouble.
        rules: all of them.
        muted: windows, and mutes by command.
        now: Unix time.
    """
    explained_by: dict[str, set[str]] = {}
    for rule in rules:
        explained_by.setdefault(rule.name, set()).update(rule.inhibited_by)
    by_rule: dict[str, list[AlertState]] = {}
    for state in firing.values():
        if state.is_firing:
            by_rule.setdefault(state.rule, []).append(state)
    windows, mutes = tuple(muted[0]), tuple(muted[1])
    after = {}
    for key, state in states.items():
        silent = _muted_by(state, windows, mutes, now)
        if not silent and state.is_firing:
            silent = _explained_by(state, sorted(explained_by.get(state.rule, ())), by_rule)
        after[key] = state.model_copy(update={"silent": silent})
    return after


def _muted_by(state: AlertState, windows: Sequence[Maintenance], mutes: Sequence[Mute], now: float) -> str:
    moment = datetime.fromtimestamp(now, UTC)
    for window in windows:
        if _is_meant(state, window.rules, window.use_cases) and (end := window.holds(moment)) is not None:
            return f"maintenance until {end:%Y-%m-%d %H:%M} UTC: {window.reason}"
    return next((str(mute) for mute in mutes if mute.holds(state, now)), "")


def _is_meant(state: AlertState, rules: Sequence[str], use_cases: Sequence[str]) -> bool:
    """Whether a window or mute is about an alert. One of some use cases is not about the fleet's alerts."""
    is_rule = not rules or any(fnmatchcase(state.rule, glob) for glob in rules)
    is_case = not use_cases or any(fnmatchcase(state.use_case or "", glob) for glob in use_cases)
    return is_rule and is_case


def _explained_by(state: AlertState, names: Sequence[str], firing: Mapping[str, Sequence[AlertState]]) -> str:
    """The alert of the same use case, or of the fleet, that explains this one."""
    for name in names:
        for other in firing.get(name, ()):
            if other.key != state.key and other.use_case in (None, state.use_case):
                return f"explained by {other.key}"
    return ""


def _listed(glob: str | None) -> tuple[str, ...]:
    return () if glob is None else (glob,)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
