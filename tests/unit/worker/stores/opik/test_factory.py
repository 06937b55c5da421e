"""What the folder tells of itself, and what doctor finds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store import StoreContext
from assay.worker.records.traces import utc_iso
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.opik import examine as opik_examine
from assay.worker.stores.opik.factory import FACTORY, OpikSection, OpikVariables
from tests.servers.opik import OpikFault, OpikServer
from tests.unit.worker.stores.opik.making import add_trace, opened

CONTEXT = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="embedded")


def test_key_or_address_is_needed_and_named() -> None:
    with pytest.raises(ConfigurationError, match="OPIK_API_KEY"):
        FACTORY.open(OpikSection(), OpikVariables(), CONTEXT)
    assert not FACTORY.is_chosen(OpikVariables())
    assert FACTORY.is_chosen(OpikVariables(opik_api_key=SecretStr("k")))
    assert FACTORY.is_chosen(OpikVariables(opik_url_override="http://localhost:5173/api"))


def test_login_in_the_address_is_dropped() -> None:
    assert OpikVariables(opik_url_override="http://me:secret@host/api").opik_url_override == "http://host/api"


def test_first_lines_are_a_section_again() -> None:
    section = FACTORY.first_section(OpikVariables(opik_project_name="Ann's"))
    lines = "\n".join(FACTORY.first_lines(section, ""))
    read = yaml.safe_load(lines)["store"]
    assert read.pop("kind") == "opik"
    assert OpikSection(**read) == section


async def examined(server: OpikServer, *, write: bool = False, project: str = OpikServer.project) -> list[Check]:
    async with opened(server, project=project) as store:
        return [check async for check in store.examine(Examination(write=write, excluded=("test",)))]


def test_doctor_writes_reads_and_deletes_a_score() -> None:
    with OpikServer() as server:
        trace_id = add_trace(server, 1, start_time=utc_iso(datetime.now(UTC)), environment="production")
        checks = asyncio.run(examined(server, write=True))
        assert [(check.name, check.status) for check in checks] == [
            ("opik", "ok"),
            ("environments", "ok"),
            ("test score", "ok"),
        ]
        assert "production 1; never judged: test, assay" in checks[1].message
        server.tables.settle()
        assert server.tables.scores[trace_id] == {}


def test_doctor_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opik_examine, "POLL_S", 0.01)
    with OpikServer() as server:
        (check,) = asyncio.run(examined(server, project="typo"))
        assert (check.status, check.is_configuration) == ("fail", True)
        assert asyncio.run(examined(server))[-1].status == "warn"
        server.faults.append(OpikFault("/traces/search", status=429, headers={"Retry-After": "99"}))
        assert asyncio.run(examined(server))[-1].message.startswith("not examined")
    with OpikServer() as server:
        server.faults.append(OpikFault("/projects", status=500, times=3))
        (check,) = asyncio.run(examined(server))
        assert (check.status, check.is_configuration) == ("fail", False)
        add_trace(server, 1, start_time=utc_iso(datetime.now(UTC)))
        server.faults.append(OpikFault("feedback-scores", "drop"))
        assert "not shown after" in asyncio.run(examined(server, write=True))[-1].message
