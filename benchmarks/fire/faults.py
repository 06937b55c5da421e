"""What is done to a fleet: each fault as a function, named in `FAULTS`. All but the kills end before it returns."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.fire.broker import PASSWORD, Broker, free_port
from benchmarks.fire.fleet import Fire
from benchmarks.fire.processes import wait_for

Fault = Callable[[Fire], None]
SPAN_S = 30.0
"""How long an outage lasts, where the fault names no other span."""

LEAST_KILLING_S, KILLING_A_TRACE_S = 120.0, 0.1
"""How long `everything` goes on at most, e.g. 19 minutes for 10,000 traces. Undisturbed four workers take about two."""


def kill_workers(fleet: Fire, *, rounds: int = 6, every_s: float = 5.0) -> None:
    """SIGKILL one assess worker after the other, work in flight."""
    for name in [f"assess{1 + n % fleet.workers}" for n in range(rounds)]:
        fleet.send(name, signal.SIGKILL)
        _watch(fleet, every_s)


def kill_broker(fleet: Fire, *, times: int = 2) -> None:
    """SIGKILL the broker; it is away for 3 s each time."""
    for left in reversed(range(times)):
        fleet.note("SIGKILL broker")
        fleet.broker.kill()
        _watch(fleet, 3.0)
        fleet.broker.start()
        _watch(fleet, 8.0 if left else 0.0)


def kill_control_and_beat(fleet: Fire) -> None:
    """SIGKILL control and beat."""
    fleet.send("control", signal.SIGKILL)
    fleet.send("beat", signal.SIGKILL)


def stop_worker(fleet: Fire) -> None:
    """SIGSTOP a worker for 40 s: a zombie that comes back."""
    fleet.send("assess1", signal.SIGSTOP)
    _watch(fleet, 40.0)
    fleet.send("assess1", signal.SIGCONT)


def rolling_sigterm(fleet: Fire) -> None:
    """SIGTERM each process in turn and wait until it was started again."""
    for name in [*(f"assess{n + 1}" for n in range(fleet.workers)), "control", "beat"]:
        pid = fleet.pids().get(name)
        fleet.send(name, signal.SIGTERM)
        wait_for(lambda pid=pid: _is_other(fleet, name, pid), within_s=150.0)  # type: ignore[misc]  # noqa: B023
        _watch(fleet, 3.0)


def _is_other(fleet: Fire, name: str, pid: int | None) -> bool:
    fleet.revive()
    return fleet.pids().get(name) not in (None, pid)


def read_only(fleet: Fire) -> None:
    """The broker is a replica of nothing: it reads and does not write."""
    with _configured(fleet.broker, "replica-read-only", "yes"):
        fleet.broker.command("REPLICAOF", "127.0.0.1", str(free_port()))
        _watch(fleet, SPAN_S)
        fleet.broker.command("REPLICAOF", "NO", "ONE")


def full_memory(fleet: Fire) -> None:
    """The broker refuses what takes memory."""
    with _configured(fleet.broker, "maxmemory", "1mb", back="0"):
        _watch(fleet, 45.0)


def wrong_password(fleet: Fire) -> None:
    """The password is another one, and who is connected is thrown out."""
    fleet.broker.command("CONFIG", "SET", "requirepass", "another")
    fleet.broker.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", password="another")
    _watch(fleet, SPAN_S)
    fleet.broker.command("CONFIG", "SET", "requirepass", PASSWORD, password="another")


def frozen(fleet: Fire) -> None:
    """SIGSTOP the broker for 45 s."""
    fleet.broker.pause(45.0)


def failover(fleet: Fire) -> None:
    """The broker is demoted, then gone; its replica takes its address."""
    old = fleet.broker
    new = Broker(old.folder.parent / f"broker-{time.time_ns()}")
    new.start("--replicaof", "127.0.0.1", str(old.port))
    wait_for(lambda: b"master_link_status:up" in _info(new), within_s=30.0)
    old.command("REPLICAOF", "127.0.0.1", str(new.port))
    _watch(fleet, 10.0)
    old.kill()
    port = old.port
    new.command("REPLICAOF", "NO", "ONE")
    _watch(fleet, 2.0)
    new.client().config_set("port", port)
    new.port = port
    fleet.broker = new


def _info(broker: Broker) -> bytes:
    return str(broker.client().info("replication")).replace("'", "").replace(": ", ":").encode()


def flushall(fleet: Fire) -> None:
    """Everything in Redis is gone."""
    fleet.note("FLUSHALL")
    fleet.broker.client().flushall()


def judge_down(fleet: Fire) -> None:
    """The judge resets every connection for 60 s."""
    fleet.judge.control(down=True)
    _watch(fleet, 60.0)
    fleet.judge.control(down=False)


def judge_hanging(fleet: Fire) -> None:
    """The judge says nothing for 40 s."""
    fleet.judge.control(hanging=1.0, hang_s=90.0)
    _watch(fleet, 40.0)
    fleet.judge.control(hanging=0.0)


def store_locked(fleet: Fire, *, seconds: float = 60.0) -> None:
    """Somebody else holds the embedded store's lock."""
    connection = sqlite3.connect(fleet.database, timeout=60, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    _watch(fleet, seconds)
    connection.execute("ROLLBACK")
    connection.close()


def store_dropping(fleet: Fire) -> None:
    """For 30 s the store says OK and drops one row in five."""
    with _connected(fleet) as connection:
        connection.execute(
            "CREATE TRIGGER fire BEFORE INSERT ON scores WHEN abs(random()) % 5 = 0 BEGIN SELECT RAISE(IGNORE); END"
        )
    _watch(fleet, SPAN_S)
    with _connected(fleet) as connection:
        connection.execute("DROP TRIGGER fire")


@contextmanager
def _connected(fleet: Fire) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(fleet.database, timeout=60, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def everything(fleet: Fire) -> None:
    """A worker killed every 5 s, the broker twice, judge and store failing one call and one second in five."""
    fleet.judge.control(failing=0.2)
    stop = threading.Event()
    locking = threading.Thread(target=_lock_now_and_then, args=(fleet, stop))
    locking.start()
    try:
        _kill_until_done(fleet)
    finally:
        stop.set()
        locking.join()
    fleet.judge.control(failing=0.0)


def _kill_until_done(fleet: Fire) -> None:
    """Until most are done. On a machine where the killed start too slowly, for a time: then the audit tells how far."""
    last: dict[str, int] = {}
    shares = [0.25, 0.6]
    ends_at = time.monotonic() + LEAST_KILLING_S + KILLING_A_TRACE_S * fleet.traces
    while (done := fleet.final()) < fleet.traces * 0.9 and time.monotonic() < ends_at:
        if victim := _ready_victim(fleet, last):
            fleet.send(victim, signal.SIGKILL)
        _watch(fleet, 5.0 if victim else 0.5)
        if shares and done > shares[0] * fleet.traces:
            shares.pop(0)
            fleet.note("SIGKILL broker")
            fleet.broker.kill()
            _watch(fleet, 3.0)
            fleet.broker.start()


def _ready_victim(fleet: Fire, last: dict[str, int]) -> str | None:
    """A worker that has come up since it was killed last, while calls are in flight; the longest spared first.

    On a slow machine a worker that is killed while it starts would never work at all.
    """
    if not fleet.judge.ask("stats")["outcomes"].get("open"):
        return None
    for name in sorted((f"assess{n + 1}" for n in range(fleet.workers)), key=lambda name: last.get(name, 0)):
        log = fleet.logs / f"{name}.log"
        ready = log.read_text().count('"worker.ready"') if log.exists() else 0
        if ready > last.get(name, 0):
            last[name] = ready
            return name
    return None


def _lock_now_and_then(fleet: Fire, stop: threading.Event) -> None:
    """Hold the store's lock for 8 of 40 s, which is longer than the product waits."""
    while not stop.wait(32.0):
        with contextlib.suppress(sqlite3.Error), _connected(fleet) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            stop.wait(8.0)
            connection.execute("ROLLBACK")


def calm(fleet: Fire) -> None:
    """Nothing."""


@contextmanager
def _configured(broker: Broker, name: str, value: str, *, back: str | None = None) -> Iterator[None]:
    broker.client().config_set(name, value)
    yield
    broker.client().config_set(name, value if back is None else back)


def _watch(fleet: Fire, seconds: float) -> None:
    """Let time pass, starting again what ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        fleet.revive()
        time.sleep(0.2)
