"""One suite for every implementation of the locks."""

from __future__ import annotations

from assay.worker.ports.state import FleetState
from tests.contract.state.making import Run


def test_lock_is_held_by_one_and_released_only_by_its_owner(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.locks.acquire("sweep", owner="a", ttl_s=60)
        assert not await state.locks.acquire("sweep", owner="b", ttl_s=60)
        assert await state.locks.acquire("sweep", owner="a", ttl_s=60), "its owner may hold on to it"
        await state.locks.release("sweep", owner="b")
        assert not await state.locks.acquire("sweep", owner="b", ttl_s=60)
        await state.locks.release("sweep", owner="a")
        assert await state.locks.acquire("sweep", owner="b", ttl_s=60)

    run(check)
