"""Messages that nobody of ours wrote: undecodable, of wrong types, too large, obeying others. No worker may die.

    python -m benchmarks.fire.forged

Each forged message goes to the front of the assess queue of a running fleet, real work behind it. Then each process
must still be the one that was started, and the work must be done. Afterwards all is stopped and started once more:
what a dying worker gives back must not kill the next.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fire import processes
from benchmarks.fire.audit import audit
from benchmarks.fire.fleet import Fire, fire, scratch
from benchmarks.fire.throughput import CONFIG

QUEUE = "assay:assess"
PATIENCE_S = 120.0
"""For each thing that must come about. A quiet machine takes a tenth of it."""


def body_of(arguments: object, embed: object = None) -> str:
    """A message's body as Celery writes it."""
    content = [arguments, {}, embed or {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    return base64.b64encode(json.dumps(content).encode()).decode()


def envelope(
    body: object,
    *,
    headers: Mapping[str, Any] | None = None,
    properties: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> bytes:
    """A message as Celery lays it into Redis, with parts exchanged."""
    number = str(uuid.uuid4())
    usual = {"lang": "py", "task": "assay.assess", "id": number, "root_id": number, "retries": 0, "eta": None}
    place = {"exchange": "", "routing_key": "assess"}
    usual_properties = {
        "correlation_id": number,
        "reply_to": str(uuid.uuid4()),
        "delivery_mode": 2,
        "delivery_info": place,
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": usual | dict(headers or {}),
            "properties": usual_properties | dict(properties or {}),
            **(more or {}),
        }
    ).encode()


_GOOD = body_of([{"version": 1}])
_FOREIGN: dict[str, Any] = {
    "task": "assay.sweep",
    "args": [],
    "kwargs": {},
    "options": {},
    "subtask_type": None,
    "immutable": True,
}

FORGED: dict[str, bytes] = {
    "bad base64": envelope("%%%%"),
    "body is a number": envelope(7),
    "body is null": envelope(None),
    "body is not JSON": envelope(base64.b64encode(b"\xff\xfe{").decode()),
    "body is a string of JSON": envelope(base64.b64encode(b'"x"').decode()),
    "raw bytes": b"\xff\x00\xfe not json",
    "raw number": b"7",
    "raw list": b"[1, 2]",
    "empty": b"",
    "no properties": json.dumps({"body": _GOOD, "headers": {}}).encode(),
    "properties are a list": envelope(_GOOD).replace(b'"properties": {', b'"properties": [], "p": {'),
    "no delivery_info": envelope(_GOOD, properties={"delivery_info": None}),
    "no delivery_tag": envelope(_GOOD, properties={"delivery_tag": None}),
    "delivery_tag is a list": envelope(_GOOD, properties={"delivery_tag": ["a"]}),
    "unknown body encoding": envelope(_GOOD, properties={"body_encoding": "rot13"}),
    "headers are a string": envelope(_GOOD).replace(b'"headers": {', b'"headers": "x", "h": {'),
    "unknown content type": envelope(_GOOD, more={"content-type": "application/x-python-serialize"}),
    "unknown content encoding": envelope(_GOOD, more={"content-encoding": "utf-99"}),
    "unknown task": envelope(_GOOD, headers={"task": "os.system"}),
    "task is a list": envelope(_GOOD, headers={"task": ["assay.assess"]}),
    "id is an object": envelope(_GOOD, headers={"id": {"a": 1}}),
    "year 9999": envelope(_GOOD, headers={"eta": "9999-12-31T23:59:59+00:00"}),
    "bad ETA": envelope(_GOOD, headers={"eta": "tomorrow"}),
    "bad expiry": envelope(_GOOD, headers={"expires": {"a": 1}}),
    "wrong version": envelope(body_of([{"version": 99}])),
    "arguments are a string": envelope(body_of("x")),
    "too many arguments": envelope(body_of(list(range(100_000)))),
    "deep JSON": envelope(base64.b64encode(b"[" * 200_000 + b"]" * 200_000).decode()),
    "foreign callbacks": envelope(body_of([{"version": 1}], {"callbacks": [_FOREIGN], "errbacks": [_FOREIGN]})),
    "foreign chain": envelope(body_of([{"version": 1}], {"chain": [_FOREIGN], "chord": _FOREIGN})),
    "group": envelope(_GOOD, headers={"group": "g", "group_index": 0}),
    "40 MB": envelope("A" * 40_000_000),
}


def run(fleet: Fire, traces: int) -> list[str]:
    """Forge everything, let the fleet work through it, and say what did not hold."""
    fleet.load(traces)
    fleet.start()
    names = set(fleet.commands())
    processes.wait_for(lambda: fleet.judge.ask("stats")["calls"] > 0, within_s=PATIENCE_S)
    pids = fleet.pids()
    client = fleet.broker.client(timeout_s=60)
    for message in FORGED.values():
        # Workers take from the right end: each is the next message that somebody takes.
        client.rpush(QUEUE, message)
    broken = [] if fleet.settle(within_s=PATIENCE_S) else [f"not all final: {fleet.states()}"]
    drained = processes.wait_for(lambda: client.llen(QUEUE) == 0, within_s=PATIENCE_S)
    broken += [] if drained else [f"{client.llen(QUEUE)} messages left in the queue"]
    given_up = processes.wait_for(lambda: client.zcard("assay:unacked_index") == 0, within_s=PATIENCE_S)
    broken += [] if given_up else [f"{client.zcard('assay:unacked_index')} held as unacknowledged"]
    broken += [f"{name} died or was replaced" for name in names if fleet.pids().get(name) != pids.get(name)]
    codes = fleet.stop()
    return broken + ([f"exit codes {codes}"] if any(codes.values()) else [])


def run_again(fleet: Fire) -> list[str]:
    """Start the same fleet once more, with more work."""
    fleet.start()
    fleet.load(32, ages_s=(-10, -10))
    broken = [] if fleet.settle(within_s=PATIENCE_S * 4) else [f"not all final after a restart: {fleet.states()}"]
    return broken + [f"ended: {what}" for what in fleet.ended()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--checkout", type=Path, default=processes.checkout())
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}; {len(FORGED)} forged messages")
    home = scratch("forged", given.scratch)
    with fire(home, workers=given.workers, whole=False, mean=1.0, checkout=given.checkout, config=CONFIG) as fleet:
        broken = run(fleet, given.traces) + run_again(fleet)
        print(audit(fleet).line())
    print("HOLDS" if not broken else "BROKEN: " + "; ".join(broken))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
