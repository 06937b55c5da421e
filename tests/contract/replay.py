"""Sends recorded requests to a server and compares the answers with the recorded ones."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.servers.langfuse import LangfuseServer
from tests.servers.langfuse.recordings import Exchange

# Moments the server takes from its clock. Ours stands at the recorded moment of sending; the recorded server, which was
# busy, took up to 14 s to write.
CLOCK_KEYS = frozenset({"createdAt", "updatedAt", "completedAt", "lastUpdatedAt", "timestamp"})
CLOCK_TOLERANCE_S = 15.0
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RECORDED_KEY = "pk-lf-fixture-2"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content_type: str | None
    body: Any


def send(client: httpx.Client, server: LangfuseServer, exchange: Exchange) -> Answer:
    """Send the recorded request once more."""
    request = exchange["request"]
    headers = {"Content-Type": "application/json", **_authorization(request["auth"], server)}
    response = client.request(
        request["method"], server.url + whole_url(request), content=whole_body(exchange), headers=headers
    )
    body: Any = response.text or None
    if response.headers.get("content-type", "").startswith("application/json"):
        body = response.json()
    return Answer(response.status_code, response.headers.get("content-type"), body)


def _authorization(auth: str, server: LangfuseServer) -> dict[str, str]:
    def basic(public: str, secret: str) -> str:
        return "Basic " + base64.b64encode(f"{public}:{secret}".encode()).decode()

    kinds = {
        "project key": basic(server.public_key, server.secret_key),
        "wrong secret": basic(server.public_key, "sk-lf-wrong"),
        "unknown public key": basic("pk-lf-unknown", server.secret_key),
        "bearer public key": f"Bearer {server.public_key}",
        "bearer nonsense": "Bearer nonsense",
        "malformed basic": "Basic ???",
        "none": "",
    }
    return {"Authorization": kinds[auth]} if kinds[auth] else {}


def whole_url(request: dict[str, Any]) -> str:
    """The URL as it was sent; the cut ones list the md5 sums of 0, 1, 2 ... and are as long as it is said they were."""
    url = str(request["url"])
    length = request.get("url_length")
    if length is None:
        return url
    found = next(one for one in _long_urls(url) if len(one) == length)
    if not found.startswith(url.removesuffix("...")):
        raise AssertionError(found[:200])
    return found


def _long_urls(url: str) -> Iterator[str]:
    sums = [hashlib.md5(str(n).encode()).hexdigest() for n in range(500)]  # ids, not secrets
    for count in range(100, 501, 100):
        condition = {"type": "stringOptions", "column": "traceId", "operator": "any of", "value": sums[:count]}
        text = json.dumps([condition], separators=(",", ":"))
        path = url.partition("?")[0]
        yield f"{path}?{urlencode({'fields': 'core', 'limit': 1, 'filter': text})}"
        known = [*sums[: count - 1], "194ff27ca7e83b3567e42c4423db9b71"]
        yield f"{path}?{urlencode({'traceId': ','.join(known), 'name': 'faithfulness'})}"


def whole_body(exchange: Exchange) -> bytes | None:
    """The body as it was sent; cut ones are filled up to the length they had."""
    request = exchange["request"]
    if "raw_body" in request:
        return str(request["raw_body"]).encode()
    if "body" in request:
        return None if request["body"] is None else json.dumps(request["body"]).encode()
    if "body_cut" not in request:
        return None
    if exchange["id"] == "ingestion.hundred-scores":
        return _hundred_scores(exchange)
    start = str(request["body_cut"]).removesuffix("...")
    end = '"}}]}' if start.startswith('{"batch"') else '"}'
    if '"comment"' not in start:
        start = start[: start.index('"value')] + '"value": 1, "comment": "'
    missing = int(request["body_length"]) - len(start) - len(end)
    return (start + "x" * missing + end).encode()


def _hundred_scores(exchange: Exchange) -> bytes:
    """Of these only the start is kept; the ids are those of the answer."""
    ids = [one["id"] for one in exchange["response"]["body"]["successes"]]
    trace_id, at = "8f4d3ae141458f5d8beabdbdc62aa742", "2026-11-21T18:15:31.239Z"
    batch = [
        {"id": one, "type": "score-create", "timestamp": at,
         "body": {"id": one, "traceId": trace_id, "name": "batch", "value": n / 100}}
        for n, one in enumerate(ids)
    ]  # fmt: skip
    return json.dumps({"batch": batch}).encode()


def differences(recorded: Any, got: Any, *, shape_only: bool = False, at: str = "") -> list[str]:
    """Where an answer is not the recorded one: keys, types, nesting, order and values.

    With `shape_only` a value needs only the type of the recorded one, and lists at least one element of its shape.
    """
    if isinstance(recorded, dict) and isinstance(got, dict):
        wrong = [f"{at}.{key}: {'missing' if key in recorded else 'too much'}" for key in recorded.keys() ^ got.keys()]
        for key in recorded.keys() & got.keys():
            wrong += differences(recorded[key], got[key], shape_only=shape_only, at=f"{at}.{key}")
        return wrong
    if isinstance(recorded, list) and isinstance(got, list):
        if len(recorded) != len(got):
            return [f"{at}: {len(got)} elements, recorded {len(recorded)}"]
        pairs = zip(recorded, got, strict=True)
        return [
            wrong
            for n, (a, b) in enumerate(pairs)
            for wrong in differences(a, b, shape_only=shape_only, at=f"{at}[{n}]")
        ]
    same = _same_kind(recorded, got) if shape_only else _same(at.rpartition(".")[2], recorded, got)
    return [] if same else [f"{at}: {got!r:.120}, recorded {recorded!r:.120}"]


def _same(key: str, recorded: Any, got: Any) -> bool:
    if key in CLOCK_KEYS and isinstance(recorded, str) and isinstance(got, str):
        if recorded == got:
            return True
        moments = [datetime.fromisoformat(one) for one in (recorded, got) if MOMENT.fullmatch(one)]
        return len(moments) == 2 and abs((moments[0] - moments[1]).total_seconds()) <= CLOCK_TOLERANCE_S
    if _is_number(recorded) and _is_number(got):
        return math.isclose(recorded, got, rel_tol=0, abs_tol=1e-8)
    return type(recorded) is type(got) and recorded == got


def _same_kind(recorded: Any, got: Any) -> bool:
    return type(recorded) is type(got) or (_is_number(recorded) and _is_number(got))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
