"""What this process owes the shared state: verdicts that were paid for, and smaller debts. Kept until the state has it.

A verdict is worth money from the moment the judge answered. So an outage of the state may delay it and never lose it:
it stays here, and whoever judges the same content in this process finds it here. Verdicts that come close together are
written together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from assay.judges.cpu_executor import in_thread
from assay.worker.flow.verdicts import KeptVerdict, pack, unpack
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.verdicts import VerdictCache

GROUP_S = 0.02
"""Between two writes. At 200 verdicts a second four share one, and none waits long enough for a kill to matter."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
"""Between two tries while the state is away: soon, since verdicts that lie only here are lost if the process dies."""

MOST_OWED = 2048
"""Verdicts, and other debts, that are held at most: some 40 MB. A process judges some hundred at once, and gets no more
while the state is away. So what goes beyond it is a fault, and is logged."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass
class _Owed:
    """A verdict that the state has not taken yet. `earlier` becomes what lay there before it, packed."""

    verdict: KeptVerdict
    replace: bool
    earlier: asyncio.Future[bytes | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Outbox:
    """Brings verdicts and other debts into the state. One instance serves a process; it belongs to its event loop."""

    def __init__(self, verdicts: VerdictCache, *, ttl_s: int) -> None:
        self._verdicts = verdicts
        self._ttl_s = ttl_s
        self._owed: dict[str, _Owed] = {}
        self._debts: list[Callable[[], Awaitable[object]]] = []
        self._paying: asyncio.Task[None] | None = None
        self._paid_at = 0.0

    def __len__(self) -> int:
        return len(self._owed) + len(self._debts)

    async def kept(self, keys: Iterable[str]) -> Mapping[str, KeptVerdict | None]:
        """Verdicts that are there by key, in one request. None: one is there and cannot be read.

        Raises:
            StateUnavailable
        """
        asked = list(dict.fromkeys(keys))
        here = {key: self._owed[key].verdict for key in asked if key in self._owed}
        raw = await self._verdicts.kept([key for key in asked if key not in here])
        read = await in_thread(_unpacked, raw) if raw else {}
        return {**read, **here}

    async def keep(self, key: str, verdict: KeptVerdict, *, replace: bool = False) -> KeptVerdict:
        """Keep a verdict. Returns the one that was kept first once the state has it, however long that takes.

        Who stops waiting loses nothing: the verdict stays owed.
        """
        owed = self._owed.get(key)
        if owed is None:
            owed = self._owed[key] = _Owed(verdict, replace)
            self._drop_beyond(self._owed, "verdicts")
        self._pay()
        earlier = await asyncio.shield(owed.earlier)
        return owed.verdict if earlier is None else unpack(earlier) or owed.verdict

    def owe(self, debt: Callable[[], Awaitable[object]]) -> None:
        """Do something with the state as soon as it can be done. Repeating it must do no harm."""
        self._debts.append(debt)
        if len(self._debts) > MOST_OWED:
            del self._debts[0]
            log.error("outbox.full", what="debts")
        self._pay()

    async def drain(self, timeout_s: float) -> bool:
        """Wait until nothing is owed. False if the time is over before."""
        if self._paying is not None:
            await asyncio.wait([self._paying], timeout=timeout_s)
        if len(self):
            log.error("outbox.lost", verdicts=len(self._owed), debts=len(self._debts))
        return not len(self)

    def _pay(self) -> None:
        """Start paying unless it is under way. In a context of its own: it outlives the work that began it."""
        if self._paying is None or self._paying.done():
            self._paying = asyncio.get_running_loop().create_task(self._pay_all(), context=Context())

    async def _pay_all(self) -> None:
        loop, pause_s = asyncio.get_running_loop(), FIRST_PAUSE_S
        while self._owed or self._debts:
            await asyncio.sleep(max(0.0, self._paid_at + GROUP_S - loop.time()))
            try:
                await self._pay_once()
                pause_s = FIRST_PAUSE_S
            except StateUnavailable as exc:
                if pause_s == FIRST_PAUSE_S:
                    log.warning(
                        "outbox.waiting", verdicts=len(self._owed), debts=len(self._debts), error=str(exc)[:200]
                    )
                await asyncio.sleep(pause_s)
                pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
            except Exception as exc:  # a bug: whoever waits for a verdict must not wait for ever
                log.exception("outbox.failed")
                self._give_up(exc)
            self._paid_at = loop.time()

    def _give_up(self, error: Exception) -> None:
        owed, self._owed = self._owed, {}
        for item in owed.values():
            if not item.earlier.done():
                item.earlier.set_exception(error)

    async def _pay_once(self) -> None:
        owed = dict(self._owed)
        for replace in {item.replace for item in owed.values()}:
            group = {key: item for key, item in owed.items() if item.replace is replace}
            packed = await in_thread(_packed, group)
            first = await self._verdicts.keep_all(packed, ttl_s=self._ttl_s, replace=replace)
            for key, item in group.items():
                if self._owed.get(key) is item:
                    del self._owed[key]
                if not item.earlier.done():
                    item.earlier.set_result(None if first[key] == packed[key] else first[key])
        while self._debts:
            await self._pay_debt(self._debts.pop(0))

    async def _pay_debt(self, debt: Callable[[], Awaitable[object]]) -> None:
        try:
            await debt()
        except StateUnavailable:
            self._debts.insert(0, debt)
            raise
        except Exception:  # a debt that cannot be paid must not keep the next one from it
            log.exception("outbox.failed")

    def _drop_beyond(self, owed: dict[str, _Owed], what: str) -> None:
        while len(owed) > MOST_OWED:
            item = owed.pop(next(iter(owed)))
            item.earlier.set_result(None)
            log.error("outbox.full", what=what)


def _packed(owed: Mapping[str, _Owed]) -> dict[str, bytes]:
    return {key: pack(item.verdict) for key, item in owed.items()}


def _unpacked(raw: Mapping[str, bytes]) -> dict[str, KeptVerdict | None]:
    return {key: unpack(value) for key, value in raw.items()}


async def until_answered(work: Callable[[], Awaitable[T]], *, ends_at: float, pause_s: float = FIRST_PAUSE_S) -> T:
    """Do something with the state; again while it is away, until a moment of the loop's clock.

    Raises:
        StateUnavailable: it was away until then.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            return await work()
        except StateUnavailable:
            if loop.time() + pause_s >= ends_at:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
