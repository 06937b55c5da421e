"""The fleet's metrics where its state is away, and where a set's files cannot be read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.launch.broker import Broker
from assay.worker.records.metrics.table import FROM_STATE
from assay.worker.wiring.fleet_metrics import UNREADABLE, computed_samples, fleet_samples
from assay.worker.wiring.queues import TICKS
from assay.worker.wiring.readiness import part_states
from assay.worker.wiring.runtime import Runtime


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    return ConfigRoot(path=tmp_path)


def away(root: ConfigRoot) -> Runtime:
    return Runtime(load_settings(), root, redis_url="redis://127.0.0.1:1/0")


def test_without_the_state_nothing_old_is_told(root: ConfigRoot) -> None:
    async def read() -> None:
        runtime = away(root)
        assert await fleet_samples(runtime) == UNREADABLE
        assert await computed_samples(runtime) == []
        states = await part_states(runtime, is_control=True)
        assert not any(states[name].ok for name in ("redis", "endpoints", "record"))
        assert not any("127.0.0.1" in state.why for state in states.values())
        await runtime.close()

    asyncio.run(read())


def test_fleet_that_never_ran_has_zeros_and_intervals(root: ConfigRoot, broker: Broker, key_prefix: str) -> None:
    settings = load_settings().model_copy(update={"key_prefix": key_prefix})

    async def read() -> dict[tuple[str, ...], float]:
        runtime = Runtime(settings, root, redis_url=broker.url)
        try:
            samples = await fleet_samples(runtime)
            assert (await part_states(runtime, is_control=False))["redis"].ok
        finally:
            await runtime.close()
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    values = asyncio.run(read())
    assert values["assay_state_readable",] == values["assay_golden_schedule_readable",] == 1
    assert values["assay_processes", "beat"] == values["assay_oldest_open_seconds",] == 0
    assert {key[1] for key in values if key[0] == "assay_tick_interval_seconds"} == set(TICKS) - {"review", "copies"}
    assert {key[0] for key in values} <= {name for metric in FROM_STATE for name in metric.names}


def test_set_whose_folder_cannot_be_read_takes_no_other_metric_with_it(
    root: ConfigRoot, broker: Broker, key_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: ConfigRoot) -> list[str]:
        raise PermissionError("/srv/secret")

    monkeypatch.setattr(ConfigRoot, "golden_set_names", breaks)
    settings = load_settings().model_copy(update={"key_prefix": key_prefix})

    async def read() -> dict[str, float]:
        runtime = Runtime(settings, root, redis_url=broker.url)
        try:
            return {sample.name: sample.value for sample in await fleet_samples(runtime)}
        finally:
            await runtime.close()

    values = asyncio.run(read())
    assert (values["assay_state_readable"], values["assay_golden_schedule_readable"]) == (1, 0)
    assert "assay_clock_offset_seconds" in values
