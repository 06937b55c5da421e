"""What the folder tells of itself, and what doctor finds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.helicone.factory import FACTORY, HeliconeSection, HeliconeVariables
from tests.servers.helicone import HeliconeFault, HeliconeServer
from tests.unit.worker.stores.helicone.making import add_request, opened

CONTEXT = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="embedded")


def test_key_is_needed_and_named() -> None:
    with pytest.raises(ConfigurationError, match="HELICONE_API_KEY"):
        FACTORY.open(HeliconeSection(), HeliconeVariables(), CONTEXT)
    assert not FACTORY.is_chosen(HeliconeVariables())
    assert FACTORY.is_chosen(HeliconeVariables(helicone_api_key=SecretStr("k")))


def test_project_is_what_assay_yaml_calls_it() -> None:
    store = FACTORY.open(
        HeliconeSection(organization="acme"), HeliconeVariables(helicone_api_key=SecretStr("k")), CONTEXT
    )
    assert asyncio.run(store.project_id()) == "acme"


def test_login_in_the_address_is_dropped() -> None:
    assert HeliconeVariables(helicone_base_url="https://me:secret@host").helicone_base_url == "https://host"


def test_first_lines_are_a_section_again() -> None:
    section = FACTORY.first_section(HeliconeVariables())
    read = yaml.safe_load("\n".join(FACTORY.first_lines(section, "")))["store"]
    assert read.pop("kind") == "helicone"
    assert HeliconeSection(**read) == section


async def examined(server: HeliconeServer, **options: Any) -> list[Check]:
    async with opened(server, **options) as store:
        return [check async for check in store.examine(Examination(write=True, excluded=("test",)))]


def test_doctor_reads_a_request_and_its_body() -> None:
    with HeliconeServer() as server:
        add_request(server, 1, start=datetime.now(UTC), properties={"environment": "production"})
        checks = asyncio.run(examined(server))
        assert [(check.name, check.status) for check in checks] == [
            ("helicone", "ok"),
            ("environments", "ok"),
            ("bodies", "ok"),
        ]
        assert "production 1; never judged: test, assay" in checks[1].message


def test_doctor_says_what_is_wrong() -> None:
    with HeliconeServer() as server:
        assert asyncio.run(examined(server))[-1].message == "no request in the last 7 days"
        add_request(server, 1, start=datetime.now(UTC))
        server.faults[:] = [HeliconeFault("/bodies", status=403)]
        assert asyncio.run(examined(server))[-1].status == "fail"
        server.faults[:] = [HeliconeFault("query", status=500, times=3)]
        (check,) = asyncio.run(examined(server))
        assert (check.status, check.is_configuration) == ("fail", False)
        server.faults[:] = [HeliconeFault("query", status=429, headers={"Retry-After": "99"})]
        (check,) = asyncio.run(examined(server))
        assert check.status == "warn"
        (check,) = asyncio.run(examined(server, api_key=SecretStr("wrong")))
        assert (check.status, check.is_configuration) == ("fail", True)
    with HeliconeServer() as server:
        add_request(server, 1, start=datetime.now(UTC), request_body=None, response_body=None)
        assert asyncio.run(examined(server))[-1].status == "warn"
