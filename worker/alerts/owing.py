"""What each channel is still to be told of an alert: a small outbox, so that nothing is lost and nothing told twice."""

from __future__ import annotations

from collections.abc import Mapping

from assay.worker.alerts.states import AlertState, Delivery, Status

GIVEN_UP_AFTER_S = 86_400.0
"""An alert that has ended is not told any more after so long: nobody can act on it. Who was told hears of its end."""

FORGOTTEN_AFTER_S = 35 * 86_400.0
"""An end that nobody was told of is forgotten: longer than a mute may last."""


def with_owed(
    state: AlertState, wanted: Mapping[str, bool], now: float, *, repeat_after_s: Mapping[str, float]
) -> AlertState:
    """The alert with what its channels are to be told now.

    While an alert is silent, nothing is added. What fires on after that is told then; what ended meanwhile is told
    only where its beginning was.

    Args:
        state: the alert.
        wanted: by channel that is open, whether it takes alerts of this severity.
        now: Unix time.
        repeat_after_s: after how long a page that goes on is told again, by channel that wants it.
    """
    deliveries = {}
    for name, takes in wanted.items():
        known = state.deliveries.get(name)
        if known is None and not takes:
            continue
        known = known or Delivery()
        after = repeat_after_s.get(name) if state.severity == "page" else None
        deliveries[name] = _quiet(known, state) if state.silent else _owed(known, state, now, after)
    return state.model_copy(update={"deliveries": deliveries})


def _owed(known: Delivery, state: AlertState, now: float, repeat_after_s: float | None) -> Delivery:
    if state.ended_at is not None:
        return _ended(known, state.ended_at, now)
    if state.fired_at is None:
        return known
    if known.problem:
        return known  # it was given up: this channel will not take this alert
    if known.last != "firing":
        # Of an end that nobody was told yet and a new beginning nothing is left to tell.
        return _owing(known, () if known.told == "firing" else ("firing",))
    if known.told_at is not None and known.told_at > now:  # the clock was set back
        known = known.model_copy(update={"told_at": now})
    is_due = repeat_after_s is not None and known.told_at is not None and now - known.told_at >= repeat_after_s
    if is_due and not known.owed:
        return known.model_copy(update={"owed": ("firing",), "repeats": True})
    return known


def _ended(known: Delivery, ended_at: float, now: float) -> Delivery:
    is_old = now - ended_at >= GIVEN_UP_AFTER_S and known.told != "firing"
    if is_old or known.problem:
        return _owing(known, ())
    if known.repeats:  # it is over: no reminder, but its end
        return _owing(known, ("resolved",))
    return _owing(known, (*known.owed, "resolved")) if known.last == "firing" else known


def _quiet(known: Delivery, state: AlertState) -> Delivery:
    """What is owed while nobody is told. What ended before anybody was told of it never will be."""
    if known.repeats:
        return _owing(known, ())
    if state.ended_at is not None and known.told != "firing" and known.owed:
        return _owing(known, ())
    return known


def _owing(known: Delivery, owed: tuple[Status, ...]) -> Delivery:
    return known.model_copy(update={"owed": owed, "repeats": False})


def is_over(state: AlertState, now: float) -> bool:
    """Whether an alert that has ended can be forgotten: no channel waits for its end."""
    if state.ended_at is None:
        return False
    if now - state.ended_at >= FORGOTTEN_AFTER_S:
        return True
    return not any(known.owed or known.last == "firing" for known in state.deliveries.values() if not known.problem)
