"""What becomes of calls while the shared account does not answer, or answers and the answer is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from assay.judges.errors import CallHeld
from assay.worker.limits import shared_account
from assay.worker.limits.gate import Gate, Place
from assay.worker.limits.patience import Patience
from assay.worker.limits.shared_account import SharedAccount
from assay.worker.ports.call_limits import ALL, Budget, CallAsk, CallEnd, Exchange, Report, Scope
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.memory.call_account import MemoryCallAccount
from tests.waiting import PATIENCE_S

SCOPES = (Scope("", concurrency=4),)
BUDGETS = (Budget(ALL, per_day=1.0),)


class Losing:
    """An account whose answers get lost. Reports that are held back come later, in any order."""

    def __init__(self) -> None:
        self.account = MemoryCallAccount()
        self.loses = self.holds_back = False
        self.held_back: list[Report] = []
        self.reports = 0

    async def exchange(self, report: Report) -> Exchange:
        self.reports += 1
        if self.holds_back:
            self.held_back.append(report)
        else:
            answer = await self.account.exchange(report)
            if not self.loses:
                return answer
        raise StateUnavailable("Redis at r: no answer")

    async def under_way(self) -> float:
        return (await self.account.endpoint("e", [""])).used["", "concurrency"]

    async def reserved_and_spent(self) -> tuple[float, float]:
        spent = (await self.account.spent([ALL]))[ALL]
        return spent.day_reserved_usd, spent.day_usd


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Losing:
    monkeypatch.setattr(shared_account, "AGAIN_S", 0.02)
    return Losing()


def gate_of(account: Losing, patience_s: float = 0.01) -> Gate:
    patience = Patience(wait_s=patience_s, paid_s=patience_s, probe_s=patience_s)
    return Gate(Place("e", "p", 64, patience, 90.0), SharedAccount(account, MemoryCallAccount))


def ask(number: int, *, paid: bool = True) -> CallAsk:
    return CallAsk(f"l{number}", "m", 100.0, 0.1, scopes=SCOPES, budgets=BUDGETS if paid else ())


def run(check: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await check()

    asyncio.run(bounded())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():
        await asyncio.sleep(0.005)


def test_leases_whose_answer_was_lost_are_given_back_though_nobody_asks_any_more(losing: Losing) -> None:
    async def check() -> None:
        gate = gate_of(losing)
        losing.loses = True
        held = await asyncio.gather(*(gate.enter(ask(n)) for n in range(4)), return_exceptions=True)
        assert all(isinstance(each, CallHeld) for each in held)
        assert await losing.under_way() == 4
        losing.loses = False

        async def is_clean() -> bool:
            return await losing.under_way() == 0 and await losing.reserved_and_spent() == (0, 0)

        await until(is_clean)
        told = losing.reports
        await asyncio.sleep(0.1)
        assert losing.reports == told, "it is quiet once all is told"
        await gate.close()

    run(check)


def test_call_that_waits_through_an_outage_holds_one_lease(losing: Losing) -> None:
    async def check() -> None:
        gate = gate_of(losing, patience_s=PATIENCE_S)
        losing.loses = True
        calls = [asyncio.create_task(gate.enter(ask(n))) for n in range(3)]

        async def was_asked_often() -> bool:
            return losing.reports >= 3

        await until(was_asked_often)
        losing.loses = False
        assert await asyncio.gather(*calls) == [True] * 3
        assert await losing.under_way() == 3
        for n in range(3):
            await gate.leave(CallEnd("answered", f"l{n}", 10, 0.01))
        assert await losing.under_way() == 0
        assert await losing.reserved_and_spent() == pytest.approx((0, 0.03))

    run(check)


def test_report_that_comes_through_after_later_ones_lets_nobody_go(losing: Losing) -> None:
    async def check() -> None:
        gate = gate_of(losing)
        losing.holds_back = True
        await asyncio.gather(*(gate.enter(ask(n)) for n in range(4)), return_exceptions=True)
        losing.holds_back = False
        told = losing.reports

        async def was_told() -> bool:
            return losing.reports > told

        await until(was_told)
        for report in reversed(losing.held_back):
            await losing.account.exchange(report)
        assert await losing.under_way() == 0

    run(check)


def test_call_that_went_alone_ends_its_lease_with_what_it_used(losing: Losing) -> None:
    async def check() -> None:
        gate = gate_of(losing, patience_s=PATIENCE_S)
        losing.loses = True
        assert await gate.enter(ask(0, paid=False))
        losing.loses = False
        await asyncio.sleep(0.05)
        assert await losing.under_way() == 1, "it is under way"
        await gate.leave(CallEnd("answered", "l0", 10))

        async def is_over() -> bool:
            return await losing.under_way() == 0

        await until(is_over)

    run(check)
