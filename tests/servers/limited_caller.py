"""A process that calls a counting server as fast as its limits let it: `python -m tests.servers.limited_caller JSON`.

The JSON names where Redis and the server are, which limits hold, and how many calls are made. The process prints one
line, `ready`, waits for a line on its standard input, and at the end prints what it did as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from assay.judges.errors import CallHeld
from assay.judges.models.admission import CallBound
from assay.judges.models.call_context import calling_for
from assay.judges.schema import Usage
from assay.worker.config.deployment import Deployment
from assay.worker.limits.admissions import Admissions
from assay.worker.limits.call_rules import CallRules
from assay.worker.limits.patience import COMMAND
from assay.worker.limits.shared_account import SharedAccount
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.state.redis.call_account import RedisCallAccount
from assay.worker.state.redis.connection import RedisConnection


class Caller:
    """One process's calls."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.waits: list[tuple[str, float]] = []
        self.held: list[str] = []

    async def run(self) -> None:
        """Make all calls, each as soon as it may go."""
        told = self.told
        connection = RedisConnection(told["redis"], prefix=told["prefix"])
        ahead_s = told.get("clock_ahead_s", 0.0)
        account = RedisCallAccount(connection, period_s=told.get("period_s", 60.0), now=lambda: time.time() + ahead_s)
        deployment = Deployment.model_validate(
            {"limits": told.get("limits", {}), "use_cases": told.get("use_cases", [{"name": "bot"}])}
        )
        admissions = Admissions(
            SharedAccount(account, MemoryCallAccount),
            CallRules.of(deployment),
            slots=told.get("slots", 100),
            patience=COMMAND,
            lease_s=told.get("lease_s", 60.0),
        )
        # As three rubrics have it: each its own admission.
        doors = [admissions.of(None, told.get("model", "gpt-6-luna")) for _ in range(3)]
        waiting = asyncio.Semaphore(told.get("at_once", 20))
        started = time.monotonic()

        async def one(number: int, use_case: str) -> None:
            async with waiting:
                begun = time.monotonic()
                if begun - started > told.get("seconds", 1e9):
                    return
                with calling_for(use_case=use_case, purpose=told.get("purpose", "traffic")):
                    bound = told.get("bound", [1000, 1000])
                    try:
                        ticket = await doors[number % 3].admit(
                            CallBound(prompt_tokens=bound[0], completion_tokens=bound[1])
                        )
                    except CallHeld as held:
                        self.held.append(held.reason)
                        return
                self.waits.append((use_case, time.monotonic() - begun))
                used = await self._call()
                usage = Usage(calls=1, prompt_tokens=used[0], completion_tokens=used[1])
                await ticket.answered(usage, latency_s=0.1, model_served=told.get("served", ""))

        calls = [(n, case) for case, count in told["calls"].items() for n in range(count)]
        calls.sort()
        await asyncio.gather(*(one(n, case) for n, case in calls))
        await admissions.close()
        await connection.close()

    async def _call(self) -> tuple[int, int]:
        used: list[int] = self.told.get("used", [400, 100])
        reader, writer = await asyncio.open_connection("127.0.0.1", self.told["port"])
        writer.write(f"{self.told.get('purpose', 'traffic')} {sum(used)}\n".encode())
        await reader.readline()
        writer.close()
        await writer.wait_closed()
        return used[0], used[1]


def main() -> None:
    """Wait for the start, call, tell."""
    caller = Caller(json.loads(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.monotonic()
    asyncio.run(caller.run())
    print(json.dumps({"seconds": time.monotonic() - begun, "waits": caller.waits, "held": caller.held}), flush=True)


if __name__ == "__main__":
    main()
