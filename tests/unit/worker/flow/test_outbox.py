"""The outbox: a paid verdict outlives outages of the state, and verdicts that come together are written together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from assay.judges.schema import GroundingState, Scored
from assay.worker.flow import outbox as module
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.verdicts import KeptVerdict, pack, unpack
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.memory.key_values import MemoryKeyValues

AWAY = StateUnavailable("Redis is away")


class FlakyVerdicts(MemoryKeyValues):
    """Keeps verdicts unless it is told to fail, and counts how often it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: Exception | None = None
        self.groups: list[int] = []
        self.failures = 0

    async def keep_all(self, values: Mapping[str, bytes], *, ttl_s: int, replace: bool = False) -> Mapping[str, bytes]:
        if self.failing is not None:
            self.failures += 1
            raise self.failing
        self.groups.append(len(values))
        return await super().keep_all(values, ttl_s=ttl_s, replace=replace)


def verdict(trace_id: str = "t1") -> KeptVerdict:
    outcome = Scored(scores={}, not_applicable={}, state=GroundingState.NO_EVIDENCE, comment="", revision="r")
    return KeptVerdict(trace_id=trace_id, outcome=outcome)


@pytest.fixture(autouse=True)
def quick_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.01)


async def until(is_so: object) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # type: ignore[operator]
            await asyncio.sleep(0.005)


def test_verdict_waits_for_the_state_and_nobody_need_wait_for_it() -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        box = Outbox(cache, ttl_s=60)
        cache.failing = AWAY
        waiting = asyncio.create_task(box.keep("k", verdict()))
        await until(lambda: cache.failures > 3)
        waiting.cancel()
        assert await box.kept(["k", "other"]) == {"k": verdict()}, "it is here, so nobody pays for it again"
        cache.failing = None
        assert await box.drain(60)
        assert unpack((await cache.kept(["k"]))["k"]) == verdict()

    asyncio.run(check())


def test_first_verdict_on_equal_content_stays_and_is_what_all_get() -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        await cache.keep("k", pack(verdict("earlier")), ttl_s=60)
        box = Outbox(cache, ttl_s=60)
        results = await asyncio.gather(box.keep("k", verdict("a")), box.keep("k", verdict("b")))
        assert [kept.trace_id for kept in results] == ["earlier", "earlier"]
        assert (await box.keep("k", verdict("c"), replace=True)).trace_id == "c"

    asyncio.run(check())


def test_verdicts_that_come_together_share_a_request_and_a_single_one_waits_for_none() -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        box = Outbox(cache, ttl_s=60)
        await box.keep("k", verdict())
        await asyncio.gather(*(box.keep(f"k{n}", verdict()) for n in range(100)))
        assert cache.groups[0] == 1
        assert len(cache.groups) < 10
        assert sum(cache.groups) == 101

    asyncio.run(check())


def test_unreadable_verdict_is_told_apart_from_none_at_all() -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        await cache.keep("broken", b"?", ttl_s=60)
        box = Outbox(cache, ttl_s=60)
        assert await box.kept(["broken", "none"]) == {"broken": None}

    asyncio.run(check())


def test_debts_are_paid_once_the_state_is_back_and_one_that_cannot_be_paid_stops_no_other() -> None:
    async def check() -> None:
        box, paid, tries = Outbox(FlakyVerdicts(), ttl_s=60), [], 0

        async def later() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise AWAY
            paid.append("later")

        async def never() -> None:
            raise ZeroDivisionError

        async def last() -> None:
            paid.append("last")

        for debt in (later, never, last):
            box.owe(debt)
        assert await box.drain(60)
        assert (paid, tries) == (["later", "last"], 3)

    asyncio.run(check())


def test_what_is_still_owed_at_the_end_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        cache.failing = AWAY
        box = Outbox(cache, ttl_s=60)
        waiting = asyncio.create_task(box.keep("k", verdict()))
        await until(lambda: cache.failures)
        assert not await box.drain(0.05)
        assert len(box) == 1
        waiting.cancel()

    asyncio.run(check())
    assert "outbox.lost" in capsys.readouterr().out


def test_bug_in_keeping_reaches_who_waits() -> None:
    async def check() -> None:
        cache = FlakyVerdicts()
        cache.failing = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await Outbox(cache, ttl_s=60).keep("k", verdict())

    asyncio.run(check())
