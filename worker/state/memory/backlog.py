"""The backlog in the memory of one process: the same turns as `state/redis/lua/backlog_release.lua`."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from assay.worker.ports import backlog as port
from assay.worker.ports.backlog import Asking, Finished, Hold, Lane, Waiting
from assay.worker.records.ledger import LedgerState, Promise
from assay.worker.records.messages import BATCH_SIZE
from assay.worker.state.memory.ledger import MemoryLedger

_LaneName = tuple[str, str]
_ALL: _LaneName = ("*", "*")


@dataclass
class _Drain:
    """What ended lately: a sum that fades."""

    began: float
    at: float
    amount: float = 0.0

    def add(self, n: int, now: float) -> None:
        if now - self.at > 10 * port.PACE_OVER_S:
            self.began = now
        self.amount, self.at = self.faded(now) + n, now

    def faded(self, now: float) -> float:
        return self.amount * math.exp(-max(0.0, now - self.at) / port.PACE_OVER_S)

    def per_second(self, now: float) -> float:
        over = max(1.0, now - self.began)
        return self.faded(now) / (port.PACE_OVER_S * (1 - math.exp(-over / port.PACE_OVER_S)))


@dataclass
class _Narrow:
    """What a lane whose traces came back held may have out."""

    width: int = port.FIRST_WIDTH * 2
    out: int = 0
    held: float = 0.0
    reset: float = 0.0
    hold: Hold = "limit"
    why: str = ""

    def is_open(self, now: float) -> bool:
        return now >= self.held and (self.out < self.width or now >= self.reset)


@dataclass
class _Lane:
    waiting: deque[tuple[str, str]] = field(default_factory=deque)
    passed: float = 0.0
    since: datetime | None = None


@dataclass
class _Turn:
    lanes: dict[_LaneName, _Lane] = field(default_factory=dict)
    passed: float = 0.0


class MemoryBacklog:
    """`assay.worker.ports.backlog.Backlog` without a server."""

    def __init__(self, ledger: MemoryLedger, in_flight: Callable[[], int] = lambda: 0) -> None:
        """Wait beside a ledger.

        Args:
            ledger: whose open entries wait.
            in_flight: messages in the queue and in hand.
        """
        # The memory's own: what Redis' scripts do to the ledger's keys.
        self._entries, self._due = ledger._entries, ledger._due  # noqa: SLF001
        self._in_flight = in_flight
        self._turns: dict[str, _Turn] = {}
        self._drains: dict[_LaneName, _Drain] = {}
        self._narrow: dict[_LaneName, _Narrow] = {}
        self._workers: dict[str, tuple[int, float]] = {}

    async def enter(
        self, promises: Sequence[Promise], *, now: datetime, turn: str | None = None, is_again: bool = False
    ) -> None:
        """Let open promises wait for their release instead of their deadline."""
        entering: dict[tuple[str, _LaneName], list[tuple[str, str]]] = {}
        for p in promises:
            entry = self._entries.get((p.rubric, p.trace_id))
            if entry is None or entry.state is not LedgerState.OPEN:
                continue
            if self._due.pop((p.rubric, p.trace_id), None) is not None:
                entering.setdefault((turn or p.use_case, (p.use_case, p.rubric)), []).append((p.rubric, p.trace_id))
        for (name, lane_name), members in entering.items():
            round_ = self._turns.get(name) or _Turn(passed=_lowest(self._turns))
            lane = round_.lanes.get(lane_name) or _Lane(passed=_lowest(round_.lanes), since=now)
            if is_again:
                lane.waiting.extendleft(reversed(members))
            else:
                lane.waiting.extend(members)
            round_.lanes[lane_name] = lane
            self._turns[name] = round_

    async def release(self, asking: Asking) -> Sequence[Sequence[Waiting]]:
        """Hand out what fits into the room, in turns by weight."""
        now = asking.now.timestamp()
        if asking.worker:
            self._workers[asking.worker.name] = (asking.worker.slots, now)
        if asking.finished:
            self._count_finished(asking.finished, asking.now)
        slices: list[list[Waiting]] = []
        room = self._room(asking)
        while len(slices) < room:
            name = _next(self._turns, lambda name: self._may_go(self._turns[name], now))
            if name is None:
                break
            if taken := self._take_from(name, asking, now):
                slices.append(taken)
        return slices

    def _room(self, asking: Asking) -> int:
        now = asking.now.timestamp()
        self._workers = {n: w for n, w in self._workers.items() if now - w[1] < port.WORKER_SEEN_S}
        slots = sum(slots for slots, _ in self._workers.values())
        per_second = self._drains[_ALL].per_second(now) if _ALL in self._drains else 0.0
        wanted = max(
            math.ceil(port.SLOTS_FILLED * slots) or asking.least, math.ceil(asking.ahead_s * per_second / BATCH_SIZE)
        )
        return min(asking.most, wanted - self._in_flight())

    def _may_go(self, turn: _Turn, now: float) -> bool:
        return any(self._is_open(name, now) for name in turn.lanes)

    def _is_open(self, lane: _LaneName, now: float) -> bool:
        return lane not in self._narrow or self._narrow[lane].is_open(now)

    def _take_from(self, name: str, asking: Asking, now: float) -> list[Waiting]:
        turn = self._turns[name]
        lane_name = _next(turn.lanes, lambda lane: self._is_open(lane, now))
        if lane_name is None:
            return []
        lane = turn.lanes[lane_name]
        taken = self._take(lane, asking.due)
        if taken:
            lane.passed += len(taken)
            turn.passed += len(taken) / asking.weights.get(name, 1)
            self._count_released(lane_name, now)
        if not lane.waiting:
            del turn.lanes[lane_name]
        if not turn.lanes:
            del self._turns[name]
        return taken

    def _take(self, lane: _Lane, due: datetime) -> list[Waiting]:
        taken: list[Waiting] = []
        while lane.waiting and len(taken) < BATCH_SIZE:
            member = lane.waiting.popleft()
            entry = self._entries.get(member)
            if entry is None or entry.state is not LedgerState.OPEN or member in self._due:
                continue
            self._due[member] = due
            taken.append(Waiting(entry.promise, entry.attempts))
        return taken

    def _count_released(self, lane: _LaneName, now: float) -> None:
        state = self._narrow.get(lane)
        if state is not None:
            state.out = (0 if now >= state.reset else state.out) + 1
            state.reset = now + port.STUCK_AFTER_S

    def _count_finished(self, finished: Finished, moment: datetime) -> None:
        lane, now = (finished.use_case, finished.rubric), moment.timestamp()
        for name in (_ALL, lane):
            if finished.ended:
                self._drains.setdefault(name, _Drain(now, now)).add(finished.ended, now)
        state = self._narrow.get(lane)
        if state:
            state.out = max(0, state.out - 1)
        if finished.held and not finished.ended:
            until = min((finished.held_until or moment).timestamp(), now + port.LONGEST_HOLD_S)
            state = self._narrow.setdefault(lane, _Narrow())
            state.width = max(1, state.width // 2)
            state.held = min(state.held, until) if state.held > now else until
            state.hold, state.why = finished.hold, finished.why[: port.LONGEST_WHY]
        elif state and finished.ended:
            # Something got through: the next may go. More at once only where nothing of the message was held.
            state.width, state.held = state.width * (1 if finished.held else 2), 0.0
        if state and state.width > port.WIDEST:
            del self._narrow[lane]

    async def lanes(self, now: datetime) -> Sequence[Lane]:
        """What waits, and what was judged lately."""
        waiting = [
            self._lane(turn, name, lane, now)
            for turn, its_turn in self._turns.items()
            for name, lane in its_turn.lanes.items()
        ]
        seen = {lane for turn in self._turns.values() for lane in turn.lanes}
        held = [lane for lane, narrow in self._narrow.items() if narrow.why]
        idle = [lane for lane in dict.fromkeys((*self._drains, *held)) if lane != _ALL and lane not in seen]
        return [*waiting, *(self._lane(lane[0], lane, _Lane(), now) for lane in idle)]

    def _lane(self, turn: str, name: _LaneName, lane: _Lane, now: datetime) -> Lane:
        drain, narrow = self._drains.get(name), self._narrow.get(name)
        is_held = narrow is not None and narrow.held > now.timestamp()
        return Lane(
            turn=turn,
            use_case=name[0],
            rubric=name[1],
            waiting=len(lane.waiting),
            since=lane.since,
            per_second=drain.per_second(now.timestamp()) if drain else None,
            hold=narrow.hold if narrow and is_held else None,
            held_until=now + timedelta(seconds=narrow.held - now.timestamp()) if narrow and is_held else None,
            why=narrow.why if narrow and is_held else "",
        )


_Name = TypeVar("_Name", str, _LaneName)


class _Round(Protocol):
    """A turn among turns, or a lane among lanes."""

    passed: float


def _lowest(round_: Mapping[_Name, _Round]) -> float:
    """The pass with which one joins: whoever was away has saved up nothing."""
    return min((each.passed for each in round_.values()), default=0.0)


def _next(round_: Mapping[_Name, _Round], may_go: Callable[[_Name], bool]) -> _Name | None:
    """Who of those that may go has the lowest pass; of equal ones the first by name. The others save up nothing."""
    free = {name for name in round_ if may_go(name)}
    if not free:
        return None
    chosen = min(free, key=lambda name: (round_[name].passed, name))
    for name, each in round_.items():
        if name not in free:
            each.passed = max(each.passed, round_[chosen].passed)
    return chosen
