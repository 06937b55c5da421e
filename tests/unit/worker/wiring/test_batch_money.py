"""What batches take out of budgets: half the bound at once, half the price in the end, nothing for what failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from assay.judges.errors import CallHeld, ConfigurationError
from assay.judges.models.admission import CallBound
from assay.judges.models.batches.deferral import DeferredCall
from assay.judges.models.endpoint_settings import EndpointSettings, ProtocolName
from assay.judges.prices import Price, PriceTable
from assay.worker.config.deployment import Deployment
from assay.worker.limits.call_rules import CallRules
from assay.worker.records.batch_jobs import BatchJob
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.wiring.batch_money import AccountMoney
from tests.builders import NOW
from tests.servers.openai_server import completion

PRICES = PriceTable(checked="2026-11", models={"m": Price(input=1.0, cached_input=1.0, output=10.0)})
JOB = BatchJob(tag="t", endpoint="default", model="m", intended_at=NOW, total=1)
BOUND_USD = (1000 * 1.0 + 100 * 10.0) / 1e6 / 2


class Paying:
    """Money over an account in memory, with a clock that is set."""

    def __init__(self, *, per_day: float | None = 1.0, protocol: ProtocolName | None = "openai") -> None:
        self.now = NOW.timestamp()
        self.account = MemoryCallAccount(now=lambda: self.now)
        budget = {} if per_day is None else {"budget_usd_per_day": per_day}
        case = {"name": "bot", "rubrics": ["grounding"], **budget}
        self.rules = CallRules.of(Deployment.model_validate({"use_cases": [case]}), PRICES)
        self.money = AccountMoney(self.account, lambda: self.rules, lambda endpoint: protocol)

    def spent(self) -> tuple[float, float]:
        """Spent today, and how much of that is reserved."""
        spent = asyncio.run(self.account.spent(["bot"]))["bot"]
        return spent.day_usd, spent.day_reserved_usd


def call(key: str = "k", *, model: str = "m") -> DeferredCall:
    bound = CallBound(prompt_tokens=1000, completion_tokens=100)
    return DeferredCall(key, EndpointSettings(name="default"), model, {}, bound)


def answer(prompt: str = "x" * 400, model: str = "m") -> bytes:
    body = completion("x" * 40, {"model": model, "messages": [{"role": "user", "content": prompt}]})
    return json.dumps(body).encode()


def does(*work: Callable[[AccountMoney], Awaitable[None]], paying: Paying) -> Paying:
    for each in work:
        asyncio.run(each(paying.money))  # type: ignore[arg-type]
    return paying


def test_half_the_bound_is_reserved_for_as_long_as_a_batch_takes_and_half_the_price_is_paid() -> None:
    paying = does(lambda money: money.reserve(call(), "bot"), paying=Paying())
    assert paying.spent() == pytest.approx((BOUND_USD, BOUND_USD))
    paying.now += 24 * 3600
    does(lambda money: money.answered(JOB, {"k": answer()}), paying=paying)
    paying.now -= 24 * 3600
    assert paying.spent() == pytest.approx(((100 * 1.0 + 10 * 10.0) / 1e6 / 2, 0.0))


def test_call_that_came_to_nothing_costs_nothing_and_telling_it_twice_changes_nothing() -> None:
    paying = does(
        lambda money: money.reserve(call(), "bot"),
        lambda money: money.reserve(call(), "bot"),
        lambda money: money.released("default", ["k"]),
        lambda money: money.released("default", ["k", "unknown"]),
        lambda money: money.answered(JOB, {"k": answer()}),
        paying=Paying(),
    )
    assert paying.spent() == pytest.approx((0.0, 0.0))


def test_answer_without_a_price_or_that_cannot_be_read_is_charged_in_full() -> None:
    for body in (b"no json", b"{}", b"[]", json.dumps({"error": {"message": "x"}}).encode()):
        paying = does(
            lambda money: money.reserve(call(), "bot"),
            lambda money, body=body: money.answered(JOB, {"k": body}),  # type: ignore[misc]
            paying=Paying(),
        )
        assert paying.spent() == pytest.approx((BOUND_USD, 0.0))


def test_budget_is_never_exceeded_by_what_is_under_way() -> None:
    paying = Paying(per_day=2.5 * BOUND_USD)
    does(lambda money: money.reserve(call("a"), "bot"), lambda money: money.reserve(call("b"), "bot"), paying=paying)
    with pytest.raises(CallHeld, match="the budget of use case bot is spent") as held:
        does(lambda money: money.reserve(call("c"), "bot"), paying=paying)
    assert (held.value.reason, held.value.retry_after_s <= 600) == ("budget", True)


def test_model_without_a_price_is_no_budgets() -> None:
    with pytest.raises(ConfigurationError, match="no price"):
        does(lambda money: money.reserve(call(model="unknown"), "bot"), paying=Paying())


@pytest.mark.parametrize("is_answered", [True, False])
def test_budget_that_was_taken_out_meanwhile_leaves_no_reservation(*, is_answered: bool) -> None:
    """It would be charged in full a day and a half later, and the budget may be back by then."""
    paying = does(lambda money: money.reserve(call(), "bot"), paying=Paying())
    paying.rules = Paying(per_day=None).rules
    if is_answered:
        does(lambda money: money.answered(JOB, {"k": answer()}), paying=paying)
    else:
        does(lambda money: money.released("default", ["k"]), paying=paying)
    cost = (100 * 1.0 + 10 * 10.0) / 1e6 / 2 if is_answered else 0.0
    assert paying.spent() == pytest.approx((cost, 0.0))


def test_without_budgets_nothing_is_charged() -> None:
    paying = does(
        lambda money: money.reserve(call(model="unknown"), "bot"),
        lambda money: money.answered(JOB, {"k": answer()}),
        paying=Paying(per_day=None),
    )
    assert paying.spent() == (0.0, 0.0)
