"""What the tests of the fake Langfuse ask it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.servers.langfuse import LangfuseServer
from tests.servers.langfuse.clock import iso, millis
from tests.waiting import PATIENCE_S

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRACE = "0" * 32


def client_of(server: LangfuseServer) -> httpx.Client:
    key = (server.public_key, server.secret_key)
    return httpx.Client(base_url=f"{server.url}/api/public", auth=key, timeout=PATIENCE_S)


def score(number: int = 0, **fields: Any) -> dict[str, Any]:
    return {"id": f"s{number}", "traceId": TRACE, "name": "risk", "value": number / 1000, **fields}


def observation(number: int, **columns: Any) -> dict[str, Any]:
    start = iso(millis(NOON) + number)
    return {"id": f"{number:016x}", "traceId": f"{number:032x}", "name": "chat", "startTime": start, **columns}


def stored(client: httpx.Client, ids: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/v3/scores", params={"id": ids, "fields": "details"}).json()["data"]
    return rows


def pages(client: httpx.Client, **query: Any) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    while True:
        found = client.get("/v2/observations", params={**query, **cursor}).raise_for_status().json()
        yield found["data"]
        if "cursor" not in found["meta"]:
            return
        cursor = {"cursor": found["meta"]["cursor"]}
