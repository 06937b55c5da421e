"""Leave for the calls of a process, over the account in memory: who waits, who is put off, and what is counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from assay.judges.errors import CallHeld, ConfigurationError
from assay.judges.models.admission import Admission, CallBound, Ticket
from assay.judges.models.call_context import calling_for, mark_paid
from assay.judges.schema import Usage
from assay.worker.config.deployment import Deployment
from assay.worker.limits.admissions import Admissions
from assay.worker.limits.call_observer import ObservedCall
from assay.worker.limits.call_rules import CallRules
from assay.worker.limits.patience import COMMAND, WORKER, Patience
from assay.worker.limits.shared_account import SharedAccount
from assay.worker.ports.call_limits import CallAccount, Exchange, Report
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.memory.call_account import MemoryCallAccount
from tests.waiting import PATIENCE_S

BOUND = CallBound(prompt_tokens=1000, completion_tokens=1000)
USED = Usage(calls=1, prompt_tokens=500, completion_tokens=100)
MODEL = "gpt-6-luna"


class Counting:
    """An account that counts its exchanges, and may be out of order."""

    def __init__(self, account: CallAccount | None = None) -> None:
        self.account = account or MemoryCallAccount()
        self.exchanges: list[Report] = []
        self.is_down = False

    async def exchange(self, report: Report) -> Exchange:
        self.exchanges.append(report)
        if self.is_down:
            raise StateUnavailable("Redis at r: gone; check it")
        await asyncio.sleep(0)
        return await self.account.exchange(report)


def admissions(
    account: CallAccount, *, slots: int = 100, patience: Patience = WORKER, use_cases: Any = None, **limits: Any
) -> Admissions:
    deployment = Deployment.model_validate({"limits": limits, "use_cases": use_cases or [{"name": "bot"}]})
    return Admissions(account, CallRules.of(deployment), slots=slots, patience=patience, lease_s=90)


def endpoint(**limits: Any) -> dict[str, Any]:
    return {"endpoints": {"default": limits}}


async def answered(ticket: Ticket, usage: Usage = USED, served: str = "") -> None:
    await ticket.answered(usage, latency_s=0.1, model_served=served)


def run(check: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await check()

    asyncio.run(bounded())


async def admitted_some_time(admission: Admission) -> Ticket:
    while True:
        try:
            return await admission.admit(BOUND)
        except CallHeld:
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.002)


def test_without_limits_nobody_is_asked() -> None:
    async def check() -> None:
        account = Counting()
        admission = admissions(account).of(None, MODEL)
        for _ in range(50):
            await answered(await admission.admit(BOUND))
        assert account.exchanges == []

    run(check)


def test_slots_of_the_process_are_shared_by_all_models_of_an_endpoint_and_no_other() -> None:
    async def check() -> None:
        shared = admissions(Counting(), slots=2)
        first = await shared.of(None, MODEL).admit(BOUND)
        await shared.of(None, "other").admit(BOUND)
        waiting = asyncio.create_task(shared.of(None, "third").admit(BOUND))
        await (await shared.of("in-house", MODEL).admit(BOUND)).rejected()
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await first.rejected()
        await first.rejected()
        await waiting
        again = asyncio.create_task(shared.of(None, MODEL).admit(BOUND))
        await asyncio.sleep(0.01)
        assert not again.done(), "a ticket closed twice frees one slot"
        again.cancel()

    run(check)


def test_use_cases_take_turns_and_golden_work_goes_first() -> None:
    async def check() -> None:
        shared = admissions(Counting(), slots=1)
        admission, served = shared.of(None, MODEL), list[str]()
        first = await admission.admit(BOUND)

        async def call(use_case: str, purpose: Any = "traffic") -> None:
            with calling_for(use_case=use_case, purpose=purpose):
                ticket = await admission.admit(BOUND)
            served.append(use_case or purpose)
            await answered(ticket)

        calls = [asyncio.create_task(call("noisy")) for _ in range(5)]
        await asyncio.sleep(0)
        calls += [asyncio.create_task(call("quiet")) for _ in range(2)]
        calls.append(asyncio.create_task(call("", "golden")))
        await asyncio.sleep(0.01)
        await answered(first)
        await asyncio.gather(*calls)
        assert served == ["golden", "noisy", "quiet", "noisy", "quiet", "noisy", "noisy", "noisy"]

    run(check)


def test_limits_of_the_deployment_hold_and_an_edit_replaces_them() -> None:
    async def check() -> None:
        shared = admissions(Counting(), **endpoint(concurrency=5, models={MODEL: {"concurrency": 1}}))
        admission = shared.of(None, MODEL)
        first = await admission.admit(BOUND)
        waiting = asyncio.create_task(admission.admit(BOUND))
        await shared.of(None, "other").admit(BOUND)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await answered(first)
        await waiting
        shared.rules = CallRules()
        await admission.admit(BOUND)

    run(check)


def test_call_that_would_wait_too_long_is_put_off_and_one_that_was_paid_for_waits() -> None:
    async def check() -> None:
        shared = admissions(Counting(), **endpoint(requests_per_minute=2))
        admission = shared.of(None, MODEL)
        await admission.admit(BOUND)
        with pytest.raises(CallHeld, match="endpoint default: the limit lets no call go for about 3") as held:
            await admission.admit(BOUND)
        assert held.value.reason == "limit"
        assert 20 < held.value.retry_after_s <= 32
        with calling_for(use_case="bot"):
            mark_paid()
            waiting = asyncio.create_task(admission.admit(BOUND))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        waiting.cancel()

    run(check)


def test_spent_budget_puts_off_its_use_case_alone() -> None:
    async def check() -> None:
        cases = [{"name": "bot", "budget_usd_per_day": 0.001}, {"name": "free"}]
        admission = admissions(Counting(), use_cases=cases).of(None, MODEL)
        with calling_for(use_case="bot"):
            await answered(await admission.admit(BOUND))  # 0.0006 reserved, 0.0001 paid
            await (await admission.admit(BOUND)).unknown()  # 0.0006 paid
            with pytest.raises(CallHeld, match="the budget of bot") as held:
                await admission.admit(BOUND)
        assert held.value.reason == "budget"
        assert 0 < held.value.retry_after_s <= 86400
        with calling_for(use_case="free"):
            await admission.admit(BOUND)

    run(check)


def test_calls_that_another_budget_pays_do_not_wait_with_those_behind_a_spent_one() -> None:
    async def check() -> None:
        cases = [{"name": "bot", "budget_usd_per_day": 0.001}, {"name": "free"}]
        admission = admissions(Counting(), use_cases=cases, **endpoint(concurrency=2)).of(None, MODEL)
        with calling_for(use_case="bot"):
            under_way = await admission.admit(BOUND)
            waiting = [asyncio.create_task(admission.admit(BOUND)) for _ in range(20)]
        await asyncio.sleep(0.02)
        with calling_for(use_case="free"):
            for _ in range(3):
                await answered(await admission.admit(BOUND))
        await under_way.unknown()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert {held.reason for held in done if isinstance(held, CallHeld)} == {"budget"}
        assert len(done) == 20

    run(check)


def test_dearer_model_that_served_is_charged_as_such_and_no_usage_as_the_bound() -> None:
    async def check() -> None:
        account = MemoryCallAccount()
        shared = admissions(account, usd_per_day=10)
        await answered(await shared.of(None, MODEL).admit(BOUND), served="gpt-6-astra")
        assert (await account.spent([""]))[""].day_usd == pytest.approx(500 * 10e-6 + 100 * 50e-6)
        await answered(await shared.of(None, MODEL).admit(BOUND), Usage(calls=1))
        assert (await account.spent([""]))[""].day_usd == pytest.approx(0.01 + 0.0006)

    run(check)


def test_budget_on_a_model_without_a_price_is_a_configuration_error() -> None:
    async def check() -> None:
        shared = admissions(Counting(), use_cases=[{"name": "bot", "budget_usd_per_day": 1}])
        with calling_for(use_case="bot"), pytest.raises(ConfigurationError, match=r"bot.*mystery-1 has no price"):
            await shared.of(None, "mystery-1").admit(BOUND)
        await shared.of(None, "mystery-1").admit(BOUND)
        with pytest.raises(ConfigurationError, match=r"limits.usd.*mystery-1 has no price"):
            admissions(Counting(), usd_per_day=1).of(None, "mystery-1")

    run(check)


def test_dead_endpoint_is_asked_by_one_probe_at_a_time() -> None:
    async def check() -> None:
        now = [1e9]
        account = Counting(MemoryCallAccount(now=lambda: now[0]))
        admission = admissions(account).of(None, MODEL)
        for _ in range(9):
            await (await admission.admit(BOUND)).failed()
        await until(lambda: len(account.exchanges) >= 9)
        for _ in range(20):
            with pytest.raises(CallHeld) as held:
                await admission.admit(BOUND)
            assert held.value.reason == "breaker"
        now[0] += 1
        probe = await admitted_some_time(admission)
        with pytest.raises(CallHeld):
            await admission.admit(BOUND)
        await answered(probe)
        before = len(account.exchanges)
        for _ in range(20):
            await answered(await admission.admit(BOUND))
        assert len(account.exchanges) == before, "nothing is in force any more"

    run(check)


@pytest.mark.parametrize("limits", [{}, endpoint(concurrency=500)])
def test_endpoint_that_fails_one_call_in_five_holds_nobody_however_many_processes_and_calls(
    limits: dict[str, Any],
) -> None:
    async def check() -> None:
        chance, account = random.Random(1), Counting()
        at_once = asyncio.Semaphore(200)

        async def call(admission: Admission) -> None:
            async with at_once:
                ticket = await admission.admit(BOUND)
                await asyncio.sleep(chance.lognormvariate(-5, 0.5))
                await (ticket.failed() if chance.random() < 0.2 else answered(ticket))

        processes = [admissions(account, **limits).of(None, MODEL) for _ in range(4)]
        await asyncio.gather(*(call(processes[n % 4]) for n in range(4000)))

    run(check)


def test_refusals_that_come_faster_than_answers_slow_nobody_where_they_are_few() -> None:
    async def check() -> None:
        chance, account = random.Random(1), Counting()
        memory = account.account
        assert isinstance(memory, MemoryCallAccount)

        async def call(admission: Admission) -> None:
            while chance.random() < 0.1:
                await (await admission.admit(BOUND)).refused(retry_after_s=0.1)
            ticket = await admission.admit(BOUND)
            await asyncio.sleep(0.05)
            await answered(ticket)
            assert (await memory.endpoint("default", [])).health.slowed_to_per_minute is None

        processes = [admissions(account, patience=COMMAND).of(None, MODEL) for _ in range(4)]
        await asyncio.gather(*(call(processes[n % 4]) for n in range(400)))

    run(check)


def test_endpoint_that_dies_is_held_within_ten_failed_calls_of_all_processes() -> None:
    async def check() -> None:
        account = Counting()
        processes = [admissions(account).of(None, MODEL) for _ in range(8)]
        for process in processes:
            for _ in range(10):
                await answered(await process.admit(BOUND))
        await asyncio.sleep(0.5)  # an end that is told late seems later than it was, and so the answers before it
        failed = 0
        while failed < 12:
            try:
                ticket = await processes[failed % 8].admit(BOUND)
            except CallHeld:
                break
            failed += 1
            before = len(account.exchanges)
            await ticket.failed()
            await until(lambda before=before: len(account.exchanges) > before)  # type: ignore[misc]
        assert failed <= 10

    run(check)


@pytest.mark.parametrize("limits", [{}, endpoint(concurrency=64)])
def test_process_whose_own_calls_all_fail_is_held_though_others_are_answered(limits: dict[str, Any]) -> None:
    async def check() -> None:
        account = Counting()
        broken, sound = (admissions(account, slots=4, **limits).of(None, MODEL) for _ in range(2))
        failed, held, is_over = 0, 0, False

        async def fail() -> None:
            nonlocal failed, held
            while not is_over:
                try:
                    ticket = await broken.admit(BOUND)
                except CallHeld:
                    held += 1
                    await asyncio.sleep(0.001)
                else:
                    await ticket.failed()
                    failed += 1

        failing = [asyncio.create_task(fail()) for _ in range(8)]
        while held < 200:
            await answered(await admitted_some_time(sound))
            await asyncio.sleep(0.001)
        is_over = True
        await asyncio.gather(*failing)
        assert failed <= 9 + 8 + 4, "until it opens, those under way, and few probes"
        probe = await admitted_some_time(broken)
        await answered(probe)
        for _ in range(5):
            await answered(await broken.admit(BOUND))

    run(check)


def test_key_that_is_refused_call_after_call_holds_the_work_of_a_worker_and_tells_a_command() -> None:
    async def check() -> None:
        now = [1e9]
        for patience in (WORKER, COMMAND):
            admission = admissions(Counting(MemoryCallAccount(now=lambda: now[0])), patience=patience).of(None, MODEL)
            tickets = [await admission.admit(BOUND) for _ in range(20)]
            told = [await ticket.denied() for ticket in tickets]
            is_worker = patience is WORKER
            assert [held is not None for held in told] == [is_worker and n >= 8 for n in range(20)]
        admission = admissions(Counting(), patience=WORKER).of(None, MODEL)
        for _ in range(9):
            await (await admission.admit(BOUND)).denied()
        with pytest.raises(CallHeld):
            await admission.admit(BOUND)
        probe = await admitted_some_time(admission)
        assert await probe.denied(), "the work of a probe waits, too"
        await answered(await admitted_some_time(admission))
        assert await (await admission.admit(BOUND)).denied() is None

    run(check)


def test_cancelled_batch_opens_no_breaker_and_is_counted() -> None:
    async def check() -> None:
        account = MemoryCallAccount()
        shared = admissions(account)
        tickets = [await shared.of(None, MODEL).admit(BOUND) for _ in range(30)]
        for ticket in tickets:
            await ticket.unknown(timed_out=False)
        await shared.close()
        assert (await account.endpoint("default", [])).health.breaker == "closed"
        day = (await account.spent([""]))[""].day
        from datetime import date

        ends = await account.unknown_ends(date.fromisoformat(day), date.fromisoformat(day))
        assert ends.calls == 30
        assert ends.cost_usd == pytest.approx(30 * 0.0006)

    run(check)


def test_waiting_call_that_is_cancelled_holds_nothing() -> None:
    async def check() -> None:
        account = MemoryCallAccount()
        shared = admissions(account, **endpoint(concurrency=1))
        admission = shared.of(None, MODEL)
        first = await admission.admit(BOUND)
        waiting = [asyncio.create_task(admission.admit(BOUND)) for _ in range(5)]
        await asyncio.sleep(0.03)
        await answered(first)
        for task in waiting:
            task.cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        for ticket in done:
            if not isinstance(ticket, BaseException):
                await answered(ticket)
        await answered(await admission.admit(BOUND))
        await shared.close()
        assert (await account.endpoint("default", [""])).used["", "concurrency"] == 0

    run(check)


def test_outage_of_the_shared_account_is_no_outage_of_the_judge(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        shared = Counting()
        safe = SharedAccount(shared, MemoryCallAccount)
        cases = [{"name": "bot", "budget_usd_per_day": 1}, {"name": "free"}]
        both = admissions(safe, use_cases=cases, **endpoint(concurrency=1))
        admission = both.of(None, MODEL)
        first = await admission.admit(BOUND)
        shared.is_down = True
        await answered(first)
        second = await admission.admit(BOUND)
        waiting = asyncio.create_task(admission.admit(BOUND))
        await asyncio.sleep(0.03)
        assert not waiting.done(), "the limit holds within the process"
        await answered(second)
        await answered(await waiting)
        with calling_for(use_case="bot"):
            paid = asyncio.create_task(admission.admit(BOUND))
        await asyncio.sleep(0.03)
        assert not paid.done(), "nobody knows what others have spent"
        shared.is_down = False
        safe._again_at = 0.0
        await answered(await paid)
        used = (await shared.account.endpoint("default", [""])).used  # type: ignore[attr-defined]
        assert used["", "concurrency"] == 0, "the end of the first was told later"

    run(check)


async def _calls(admission: Admission, count: int, seconds: float, peak: list[int]) -> None:
    async def one() -> None:
        ticket = await admission.admit(BOUND)
        peak[0] += 1
        peak[1] = max(peak[0], peak[1])
        await asyncio.sleep(seconds)
        peak[0] -= 1
        await answered(ticket)

    await asyncio.gather(*(one() for _ in range(count)))


def test_several_processes_never_exceed_the_concurrency_of_all() -> None:
    async def check() -> None:
        account = Counting()
        peak = [0, 0]
        processes = [admissions(account, patience=COMMAND, **endpoint(concurrency=8)) for _ in range(8)]
        await asyncio.gather(*(_calls(process.of(None, MODEL), 12, 0.02, peak) for process in processes))
        assert peak[1] == 8

    run(check)


def test_each_call_that_ended_is_told_once_with_its_use_and_its_price() -> None:
    told: list[ObservedCall] = []
    deployment = Deployment.model_validate({"use_cases": [{"name": "bot"}]})
    account = MemoryCallAccount()
    shared = Admissions(account, CallRules.of(deployment), slots=8, patience=WORKER, lease_s=90, observe=told.append)

    async def main() -> None:
        with calling_for(use_case="bot"):
            ticket = await shared.of(None, MODEL).admit(BOUND)
            await answered(ticket, served="gpt-6-luna-2026")
            await ticket.failed()
            await (await shared.of("in-house", "unpriced").admit(BOUND)).answered(USED, latency_s=2.5)
        with calling_for(purpose="golden"):
            await (await shared.of(None, MODEL).admit(BOUND)).refused(retry_after_s=1.0)
            await (await shared.of(None, MODEL).admit(BOUND)).unknown(timed_out=False)
        await shared.close()

    asyncio.run(main())
    first, unpriced, refused, cancelled = told
    assert (first.endpoint, first.model, first.model_served) == ("default", MODEL, "gpt-6-luna-2026")
    assert (first.outcome, first.seconds, first.usage, first.use_case) == ("answered", 0.1, USED, "bot")
    assert first.cost_usd == pytest.approx(CallRules().cost_usd("default", MODEL, "", USED))
    assert (unpriced.endpoint, unpriced.seconds, unpriced.cost_usd) == ("in-house", 2.5, None)
    assert (refused.outcome, refused.usage, refused.cost_usd, refused.purpose) == ("refused", None, None, "golden")
    assert cancelled.outcome == "cancelled"
    assert 0 <= cancelled.seconds < PATIENCE_S
