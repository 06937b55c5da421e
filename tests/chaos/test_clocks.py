"""Machines whose clocks are off: one worker 30 s behind, a control worker 300 s ahead."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.fire import clock_skew
from tests.chaos.conftest import StartFire
from tests.chaos.looking import settled


def test_skewed_clocks_cost_no_call_and_park_nothing(start_fire: StartFire, tmp_path: Path) -> None:
    """Calls take longer than the broker's visibility time-out would be if it were read by the wrong clock."""
    skew = tmp_path / "skew.json"
    skew.write_text(json.dumps({"assess1": -30, "control": 300}))
    env = {"PYTHONPATH": str(Path(clock_skew.__file__).parent), "FIRE_CLOCK_SKEW": str(skew)}
    fleet = start_fire(workers=2, mean=6.0, env=env)
    fleet.load(60)
    fleet.start()
    found = settled(fleet)
    assert found.states == {"scored": 60}, found.line()
    assert found.extra == 0, found.line()
    for name in ("assess1", "control"):
        assert "clock.off" in (fleet.logs / f"{name}.log").read_text(), "nothing says loudly that the clock is off"
    assert "clock.off" not in (fleet.logs / "assess2.log").read_text()
