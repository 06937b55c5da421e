"""Each suite runs against both implementations of its port."""

from __future__ import annotations

import asyncio

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.state.memory.state import memory_state
from assay.worker.state.redis.state import redis_state
from tests.contract.state.making import Check, Run


@pytest.fixture(params=["memory", "redis"])
def run(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Run:
    """Runs a check against a fresh state of each kind."""

    def on_state(check: Check) -> None:
        async def main() -> None:
            state = memory_state() if request.param == "memory" else redis_state(broker.url, prefix=key_prefix)
            try:
                await check(state)
            finally:
                await state.close()

        asyncio.run(main())

    return on_state
