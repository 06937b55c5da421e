"""A process that looks for alerts again and again, as control workers do, until it is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from pydantic import SecretStr

from assay.worker.alerts.looking import AlertDesk
from assay.worker.alerts.pagerduty import PagerDuty
from assay.worker.alerts.slack import Slack
from assay.worker.state.redis.state import redis_state
from tests.servers.pagerduty_server import ROUTING_KEY
from tests.unit.worker.alerts.desk import rule, waiting


async def main(told: dict[str, str]) -> None:
    """Look until somebody ends this, at what a file says. Tells each look that sent something."""
    value = Path(told["waiting"])
    state = redis_state(told["redis"], prefix=told["prefix"])
    await state.clock.synchronise()
    desk = AlertDesk(
        key_values=state.key_values,
        locks=state.locks,
        clock=state.clock,
        rules=(rule(),),
        channels=(
            PagerDuty(SecretStr(ROUTING_KEY), told["pagerduty"], "assay", ("page",), 30.0),
            Slack(SecretStr(told["slack"]), "assay", ("page",), 30.0),
        ),
        lock_s=0.5,
    )
    while True:
        report = await desk.look([waiting(float(value.read_text(encoding="utf-8")))])
        if report.sent:
            print(report.sent, flush=True)
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
