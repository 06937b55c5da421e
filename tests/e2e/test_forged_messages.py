"""What may lie in a queue that is no message of ours: it is dropped with a line, and the queue goes on."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Processes, processes
from tests.e2e.running import Deployed, make_traces
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

PRIVATE = "TEXT-OF-SOMEBODY-ELSE"
"""In every forged message, and never in a log."""


def envelope(*, body: Any = None, headers: Any = None, properties: Any = None, **over: Any) -> bytes:
    """A message as Celery sends it, with parts replaced."""
    task_id = str(uuid.uuid4())
    content = json.dumps([[{"note": PRIVATE}], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    message = {
        "body": base64.b64encode(content.encode()).decode() if body is None else body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "assay.assess", "id": task_id, **(headers or {})}
        if not isinstance(headers, str | list)
        else headers,
        "properties": {
            "correlation_id": task_id,
            "delivery_info": {"exchange": "", "routing_key": "assess"},
            "delivery_tag": str(uuid.uuid4()),
            "body_encoding": "base64",
            **(properties or {}),
        },
        **over,
    }
    return json.dumps(message).encode()


def body(args: Any, kwargs: Any, embed: Any) -> str:
    return base64.b64encode(json.dumps([args, kwargs, embed]).encode()).decode()


def without(name: str) -> bytes:
    message = json.loads(envelope())
    del message[name]
    return json.dumps(message).encode()


FOREIGN: dict[str, Any] = {"task": "assay.sweep", "args": [PRIVATE], "kwargs": {}, "options": {}, "subtask_type": None}

FORGED: dict[str, bytes] = {
    "bad base64": envelope(body="%%%%" + PRIVATE),
    "not JSON": b"\x80\x04 " + PRIVATE.encode(),
    "a number": b"17",
    "a list": json.dumps([PRIVATE]).encode(),
    "deep": b"[" * 200_000,
    "40 MB": envelope(body="A" * 40_000_000 + PRIVATE),
    "no properties": without("properties"),
    "no headers": without("headers"),
    "no body": without("body"),
    "headers are a list": envelope(headers=[PRIVATE]),
    "headers are a text": envelope(headers=PRIVATE),
    "no delivery info": envelope(properties={"delivery_info": None}),
    "delivery info is a text": envelope(properties={"delivery_info": PRIVATE, "delivery_tag": {"a": 1}}),
    "body is a number": envelope(body=7),
    "body is not JSON": envelope(body=base64.b64encode(PRIVATE.encode()).decode()),
    "another shape": envelope(body=base64.b64encode(b'{"task": "assay.assess"}').decode()),
    "unknown task": envelope(headers={"task": "os.system"}),
    "Celery's own task": envelope(headers={"task": "celery.chord_unlock"}),
    "task is a list": envelope(headers={"task": ["assay.assess"]}),
    "pickle": envelope(**{"content-type": "application/x-python-serialize", "content-encoding": "binary"}),
    "unknown encoding": envelope(properties={"body_encoding": "rot13"}),
    "ETA of the year 9999": envelope(headers={"eta": "9999-12-31T23:59:59+00:00"}),
    "ETA that is none": envelope(headers={"eta": PRIVATE}),
    "callbacks": envelope(body=body([{}], {}, {"callbacks": [FOREIGN]})),
    "errbacks": envelope(body=body([{}], {}, {"errbacks": [FOREIGN]})),
    "chain": envelope(body=body([{}], {}, {"chain": [FOREIGN]})),
    "chord": envelope(body=body([{}], {}, {"chord": FOREIGN})),
    "group": envelope(headers={"group": PRIVATE}),
    "keyword arguments": envelope(body=body([], {PRIVATE: 1}, {})),
    "two arguments": envelope(body=body([{}, {}], {}, {})),
    "a message of another shape": envelope(),
    "expired long ago": envelope(headers={"expires": "1970-01-01T00:00:00+00:00", "retries": 10**9}),
    "time limits": envelope(headers={"timelimit": PRIVATE, "stamped_headers": PRIVATE, "shadow": PRIVATE}),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


def test_forged_messages_end_no_worker_and_the_queue_goes_on(tmp_path: Path, server: ValkeyServer) -> None:
    deployed = Deployed.create(tmp_path / "d", make_traces(6))
    with processes(deployed, server.url, ("assess1", "control")) as fleet:
        fleet.await_ready("assess1", "control")
        for raw in FORGED.values():
            server.run("LPUSH", "assay:assess", raw)
            server.run("LPUSH", "assay:control", raw)
        _forge_deliveries(server)
        _forge_schedule(server)
        fleet.start("beat")
        until(lambda: _scored(deployed) == 6 or not fleet.all_run(), told=fleet.logs, every_s=0.5)
        until(lambda: server.run("ZCARD", "assay:unacked_index") == 0, told=fleet.logs, every_s=0.5)
        assert fleet.all_run(), fleet.logs()
        _check_logs(fleet)
        assert int(server.run("HGET", "assay:state:pulse:dropped", "unknown_task")) == 6
        fleet.await_ready("beat")
        for one in ("beat", "assess1", "control"):
            assert fleet.stop(one) == 0, fleet.logs()
    assert PRIVATE not in fleet.logs()


def _forge_deliveries(server: ValkeyServer) -> None:
    """Deliveries that were in somebody's hand long ago, and are none of ours."""
    for name, noted in {
        "not JSON": PRIVATE,
        "a number": "5",
        "another shape": json.dumps([1, 2]),
        "a foreign queue": json.dumps([json.loads(envelope()), "", "somebody-elses"]),
        "bad base64": json.dumps([json.loads(FORGED["bad base64"]), "", "assess"]),
        "5 MB": json.dumps([{"headers": "A" * 5_000_000}, "", "assess"]),
    }.items():
        server.run("HSET", "assay:unacked", name, noted)
        server.run("ZADD", "assay:unacked_index", 1, name)


def _forge_schedule(server: ValkeyServer) -> None:
    """Entries of the clock that it never wrote."""
    server.run("HSET", "assay:redbeat:foreign", "definition", json.dumps({"name": "foreign", "task": "os.system"}))
    server.run("ZADD", "assay:redbeat::schedule", 1, "assay:redbeat:foreign")
    server.run("HSET", "assay:redbeat:sweep", "definition", "{" + PRIVATE)
    server.run("ZADD", "assay:redbeat::schedule", 1, "assay:redbeat:sweep")


def _check_logs(fleet: Processes) -> None:
    for name in ("assess1", "control"):
        dropped = [line for line in fleet.lines(name) if line["event"] == "message.dropped"]
        refused = [line for line in fleet.lines(name) if line["event"] == "message.refused"]
        assert len(dropped) + len(refused) >= len(FORGED) - 1, fleet.logs()
        assert all(line["level"] == "error" and line["bytes"] >= 0 and line["digest"] for line in dropped)
        assert PRIVATE not in fleet.log_of(name).read_text()


def _scored(deployed: Deployed) -> int:
    return len({score.trace_id for score in deployed.scores().values()})
