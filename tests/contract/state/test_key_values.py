"""One suite for every implementation of the key-value store and the verdict cache."""

from __future__ import annotations

import asyncio

from assay.worker.ports.state import FleetState
from tests.contract.state.making import Run


def test_first_kept_value_wins_unless_it_is_replaced(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.key_values.keep("k", b"1", ttl_s=60) == b"1"
        assert await state.key_values.keep("k", b"2", ttl_s=60) == b"1"
        assert await state.key_values.keep("k", b"3", ttl_s=60, replace=True) == b"3"
        assert await state.key_values.kept(["k"]) == {"k": b"3"}

    run(check)


def test_bytes_come_back_as_they_were_and_unknown_keys_are_absent(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.key_values.keep("k", b"\x00\xff", ttl_s=60)
        assert await state.key_values.kept(["k", "none"]) == {"k": b"\x00\xff"}
        assert await state.key_values.kept([]) == {}

    run(check)


def test_first_of_two_verdicts_of_one_content_is_the_one_that_both_get(run: Run) -> None:
    async def check(state: FleetState) -> None:
        offered = [{"v": bytes([n]), f"w{n}": b"w"} for n in range(8)]
        kept = await asyncio.gather(*(state.verdicts.keep_all(values, ttl_s=60) for values in offered))
        assert len({values["v"] for values in kept}) == 1
        assert [values[f"w{n}"] for n, values in enumerate(kept)] == [b"w"] * 8
        assert await state.verdicts.kept(["v"]) == {"v": kept[0]["v"]}
        assert await state.verdicts.keep_all({"v": b"new"}, ttl_s=60, replace=True) == {"v": b"new"}
        assert await state.verdicts.kept(["v"]) == {"v": b"new"}

    run(check)
