"""A real control worker, scraped over HTTP while nobody keeps its clock."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.worker.golden.scheduling.slot_records import SlotBook
from assay.worker.wiring.golden import golden_schedules
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed
from tests.integration.golden_home import Home
from tests.unit.worker.telemetry.test_prometheus import Values, scraped


def test_a_control_worker_tells_an_overdue_run_while_the_clock_stands_still(tmp_path: Path) -> None:
    home = Home(tmp_path / "d")
    due = datetime.now(UTC) - timedelta(hours=2)
    deployed = Deployed.create(home.path, [])
    (home.path / "assay.yaml").write_text("defaults: {min_per_day: 0}\nuse_cases: [{name: bot}]\n")
    home.write(schedule={"daily": f"{due:%H:%M}"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    deployed.settings = deployed.settings_with({"metrics_port": port, "golden_tick_every_s": 3600.0})

    async def looked_at_yesterday(runtime: Runtime) -> None:
        schedule = golden_schedules(runtime.root).by_set["bot-v1"]
        await SlotBook(runtime.state.key_values).first_seen("bot-v1", schedule, due - timedelta(days=1))

    with deployed.running():
        before = _scraped(deployed, port)
        deployed.ask(looked_at_yesterday)
        after = _scraped(deployed, port)
    assert before["assay_golden_schedule_problem", "bot-v1"] == 1
    assert 7200 <= after["assay_golden_overdue_seconds", "bot-v1"] < 7200 + 300
    assert after["assay_golden_schedule_problem", "bot-v1"] == 0


def _scraped(deployed: Deployed, port: int) -> Values:
    values: Values = {}

    def has_answered() -> bool:
        with suppress(OSError):
            values.update(scraped(f"http://127.0.0.1:{port}/metrics"))
        return bool(values)

    deployed.await_that(has_answered)
    return values
