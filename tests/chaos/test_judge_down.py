"""A judge that is away: the breaker opens, nobody asks in vain, and all is judged afterwards."""

from __future__ import annotations

import time

from tests.chaos.conftest import StartFire
from tests.chaos.looking import answered, await_that, settled

PROBES_A_SECOND = 0.5
"""30 a minute."""

IN_FLIGHT = 16
"""Of two processes together."""


def test_judge_that_is_down_is_asked_little_and_costs_no_attempt(start_fire: StartFire) -> None:
    fleet = start_fire(workers=2, mean=0.5, env={"ASSAY_JUDGE_CONCURRENCY": str(IN_FLIGHT // 2)})
    fleet.load(200)
    fleet.start()
    await_that(fleet, lambda: answered(fleet) >= 20)
    fleet.judge.control(down=True)
    began = time.time()
    await_that(fleet, lambda: time.time() > began + 10.0)
    fleet.judge.control(down=False)
    away_s = time.time() - began
    found = settled(fleet)
    failed = [call["at"] - began for call in fleet.judge.ask("calls") if call["outcome"] == "reset"]
    # Ten failed calls open the breaker. Those in flight when the judge went fail at once. Then there are only probes:
    # at 1, 2, 4 … s, so that a short outage has a few more than its share.
    assert 0 < len(failed) <= 10 + IN_FLIGHT + 4 + away_s * PROBES_A_SECOND, failed
    assert found.states == {"scored": 200}, found.line()
    assert found.extra == 0, found.line()
