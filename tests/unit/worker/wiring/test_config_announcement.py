"""What `assay status` tells of the last edit."""

from __future__ import annotations

import asyncio
from pathlib import Path

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.clock import FixedClock
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.wiring.config_announcement import KEY, keep_last_edit, last_edit
from assay.worker.wiring.config_version import config_version
from assay.worker.wiring.reload import Edit
from assay.worker.wiring.runtime import Runtime
from tests.builders import NOW


def test_last_edit_is_told_in_the_place_of_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    runtime = Runtime(Settings(), ConfigRoot(path=tmp_path), redis_url="redis://127.0.0.1:1/0")
    clock, key_values = FixedClock(NOW), MemoryKeyValues()

    async def main() -> None:
        assert await last_edit(key_values) is None
        await keep_last_edit(key_values, clock, Edit("4ca44b", runtime, ("use case desk added",)))
        taken_up = await last_edit(key_values)
        assert taken_up is not None
        assert config_version(runtime) in taken_up.sentence
        assert taken_up.sentence.endswith("use case desk added")
        await keep_last_edit(key_values, clock, Edit("5bd9d1", problem="assay.yaml: line 7: rate: 25 is too much"))
        refused = await last_edit(key_values)
        assert refused is not None
        assert refused.version == "5bd9d1"
        assert "not in force (assay.yaml: line 7: rate: 25 is too much)" in refused.sentence

    asyncio.run(main())


def test_what_a_later_version_wrote_is_nothing_to_tell() -> None:
    async def main() -> None:
        key_values = MemoryKeyValues()
        await key_values.keep(KEY, b'{"v": 9}', ttl_s=60)
        assert await last_edit(key_values) is None

    asyncio.run(main())
