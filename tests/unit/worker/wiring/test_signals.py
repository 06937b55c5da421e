"""The tick of signals as a worker runs it: files on a disk, a real record, a real Redis."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.launch.broker import Broker
from assay.worker.records.metrics import quality, slo
from assay.worker.records.metrics.table import FROM_RECORD
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.signals import keep_signals, scope_of
from tests.unit.worker.signals.rows import row

FILE = """
store: {kind: sqlite}
slos:
  use_cases:
    legal: {objectives: {quality: {risk_below: 0.3, share: 0.99, allow_uncalibrated: true}}}
    chat: {objectives: {quality: off}}
use_cases: [{name: bot}, {name: legal}, {name: chat}]
"""


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Runtime:
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "assay.yaml").write_text(FILE)
    return Runtime(load_settings(), ConfigRoot(path=tmp_path), redis_url=broker.url)


def test_every_part_is_computed_and_every_name_is_known(runtime: Runtime) -> None:
    async def main() -> None:
        now = runtime.clock.now()
        try:
            await runtime.history.writer.write(
                [
                    row(f"t{n}", started_at=now, ended_at=now, changed_at=now, duration_s=1.0, cost_usd=0.01)
                    for n in range(40)
                ]
            )
            assert (await keep_signals(runtime)).model_dump() == {"computed": 4, "failed": 0}
            samples = {part.part: part.samples for part in await kept_snapshots(runtime.state.key_values)}
        finally:
            await runtime.close()
        assert samples.keys() == {"quality", "slo"}
        names = {sample.name for part in samples.values() for sample in part}
        assert names <= {name for metric in FROM_RECORD for name in metric.names}
        assert names > {quality.FLAGGED.name, quality.REQUEST_COST.name, quality.IN_TIME.name, slo.TARGET.name}
        labels = {metric.name: set(metric.labels) for metric in FROM_RECORD}
        assert all(
            sample.labels.keys() == labels[sample.name]
            for part in samples.values()
            for sample in part
            if sample.name in labels
        )

    asyncio.run(main())


def test_what_counts_as_flagged_is_the_objective_of_quality(runtime: Runtime) -> None:
    policies = scope_of(runtime.deployment).policies
    assert (policies["bot"].cut, policies["bot"].allow_uncalibrated) == (0.15, False)
    assert policies["bot"].allowed == pytest.approx(0.05)
    assert (policies["legal"].cut, policies["legal"].allow_uncalibrated) == (0.3, True)
    assert (policies["chat"].cut, policies["chat"].allowed) == (0.15, None)


def test_a_record_that_cannot_be_opened_is_told_of_elsewhere(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setenv("ASSAY_DATABASE_URL", "mysql://db/assay")
        broken = Runtime(load_settings(), runtime.root, redis_url="redis://127.0.0.1:1/0")
        assert (await keep_signals(broken)).is_empty

    asyncio.run(main())
