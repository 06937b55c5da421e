"""Dead letters: looked through page by page, chosen by name, reason and time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.state import FleetState
from assay.worker.records.dead_letters import DeadChoice
from assay.worker.records.ledger import LedgerState
from tests.contract.state.making import LATER, NOW, SOON, Run, promise, transition


async def die(state: FleetState, name: str, reason: str, *, at: Any = NOW, **of: Any) -> None:
    made = promise(name, **of)
    await state.ledger.promise([made], now=NOW, due=SOON)
    dead = transition(name, LedgerState.OPEN, LedgerState.DEAD, reason=reason, detail="why", failed_attempt=True)
    await state.ledger.apply(made.rubric, [dead], now=at)


async def names(state: FleetState, **choice: Any) -> list[str]:
    return [letter.trace_id async for letter in state.dead_letters.scan(DeadChoice(**choice))]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, ["a", "b", "c", "a"]),
        ({"trace_ids": frozenset(["a"])}, ["a", "a"]),
        ({"trace_ids": frozenset(["a"]), "rubric": "grounding"}, ["a"]),
        ({"reason": "poison"}, ["b"]),
        ({"use_case": "search"}, ["c"]),
        ({"rubric": "manners"}, ["a"]),
        ({"since": SOON}, ["b", "c", "a"]),
        ({"until": SOON}, ["a"]),
        ({"since": SOON, "until": LATER, "reason": "ModelTimeout"}, ["c"]),
        ({"reason": "nosuch"}, []),
    ],
)
def test_those_that_are_meant_come_oldest_first(run: Run, choice: dict[str, Any], expected: list[str]) -> None:
    async def check(state: FleetState) -> None:
        await die(state, "a", "ModelTimeout", rubric="manners", at=LATER)
        await die(state, "c", "ModelTimeout", at=SOON + timedelta(seconds=1), use_case="search")
        await die(state, "b", "poison", at=SOON)
        await die(state, "a", "ModelTimeout")
        await state.ledger.promise([promise("open")], now=NOW, due=SOON)
        assert await names(state, **choice) == expected

    run(check)


def test_a_letter_is_told_and_one_that_was_opened_again_is_not(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await die(state, "a", "poison")
        (letter,) = [letter async for letter in state.dead_letters.scan(DeadChoice())]
        assert (letter.use_case, letter.rubric, letter.detail, letter.attempts) == ("bot", "grounding", "why", 1)
        assert letter.gave_up_at == NOW
        again = transition("a", LedgerState.DEAD, LedgerState.OPEN, due=NOW)
        await state.ledger.apply("grounding", [again], now=NOW)
        assert await names(state) == []

    run(check)


def test_more_than_a_page_of_one_moment_is_told_once_each(run: Run) -> None:
    async def check(state: FleetState) -> None:
        many = [f"t{n:04}" for n in range(1203)]
        await state.ledger.promise([promise(name) for name in many], now=NOW, due=SOON)
        dead = [transition(name, LedgerState.OPEN, LedgerState.DEAD, reason="r") for name in many]
        await state.ledger.apply("grounding", dead, now=NOW)
        assert await asyncio.wait_for(names(state), 60) == many

    run(check)
