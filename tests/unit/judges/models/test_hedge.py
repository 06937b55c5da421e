"""A second request for a slow first one, by a virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.models.hedge import HedgeBudget, hedged
from tests.virtual_clock import run_at_once


class Requests:
    """Requests that take so long and then answer, or fail where the answer is an error."""

    def __init__(self, *plans: tuple[float, str | Exception]) -> None:
        self._plans = list(plans)
        self.sent: list[float] = []
        self.ends: list[str] = []

    async def send(self) -> str:
        seconds, answer = self._plans[len(self.sent)]
        self.sent.append(asyncio.get_running_loop().time())
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.ends.append("cancelled")
            raise
        if isinstance(answer, Exception):
            self.ends.append("failed")
            raise answer
        self.ends.append(answer)
        return answer


def rich() -> HedgeBudget:
    budget = HedgeBudget(1.0)
    budget.earn()
    return budget


async def _hedged(requests: Requests, budget: HedgeBudget) -> tuple[str, bool]:
    return await hedged(requests.send(), requests.send, after_s=2.0, budget=budget)


@pytest.mark.parametrize(
    ("plans", "answer", "sent", "ends"),
    [
        ([(1.0, "a")], ("a", False), [0.0], ["a"]),
        ([(9.0, "a"), (1.0, "b")], ("b", True), [0.0, 2.0], ["b", "cancelled"]),
        ([(3.0, "a"), (9.0, "b")], ("a", True), [0.0, 2.0], ["a", "cancelled"]),
        ([(5.0, "a"), (1.0, ValueError("b"))], ("a", False), [0.0, 2.0], ["failed", "a"]),
        ([(3.0, ValueError("a")), (4.0, "b")], ("b", False), [0.0, 2.0], ["failed", "b"]),
    ],
)
def test_first_answer_counts(
    plans: list[tuple[float, str | Exception]], answer: tuple[str, bool], sent: list[float], ends: list[str]
) -> None:
    requests = Requests(*plans)
    assert run_at_once(_hedged(requests, rich())) == answer
    assert requests.sent == pytest.approx(sent)
    assert requests.ends == ends


def test_where_both_fail_the_first_error_is_told() -> None:
    requests = Requests((3.0, ValueError("a")), (4.0, ValueError("b")))
    with pytest.raises(ValueError, match="a"):
        run_at_once(_hedged(requests, rich()))
    assert requests.ends == ["failed", "failed"]


def test_without_budget_no_second_request_is_sent() -> None:
    requests = Requests((9.0, "a"), (1.0, "b"))
    assert run_at_once(_hedged(requests, HedgeBudget(0.0))) == ("a", False)
    assert len(requests.sent) == 1


def test_cancelled_call_leaves_no_request_behind() -> None:
    requests = Requests((9.0, "a"), (9.0, "b"))

    async def run() -> None:
        task = asyncio.ensure_future(_hedged(requests, rich()))
        await asyncio.sleep(5.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_at_once(run())
    assert requests.ends == ["cancelled", "cancelled"]


def test_share_of_second_requests_is_kept() -> None:
    budget, sent = HedgeBudget(0.02), 0
    for _ in range(10_000):
        budget.earn()
        sent += budget.spend()
    assert 190 <= sent <= 200


def test_quiet_time_saves_up_for_no_storm() -> None:
    budget = HedgeBudget(0.02)
    for _ in range(100_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 8
