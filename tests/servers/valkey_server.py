"""A real Redis or Valkey server of a test's own, that can be brought into every state an operator meets."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import redis

from assay.worker.launch.embedded_broker import _find_server
from tests.waiting import until


class ValkeyServer:
    """A server on a port of 127.0.0.1, with an append-only file in a directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._dir = directory
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For redis-py, and as ASSAY_REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            *(_find_server(""), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._dir)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--enable-protected-configs", "yes"),
            *("--repl-diskless-sync-delay", "0"),
        ]
        with (self._dir / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._answers)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Freeze it by SIGSTOP, or let it go on by SIGCONT."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def run(self, *command: str | int | bytes) -> Any:
        """Run one command."""
        with redis.Redis(port=self.port, socket_timeout=10) as client:
            return client.execute_command(*command)

    def __enter__(self) -> Self:
        """The server, which answers."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.run("PING"))
        return False


@contextmanager
def refused_connections(server: ValkeyServer) -> Iterator[None]:
    """Killed, and started again."""
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: ValkeyServer) -> Iterator[None]:
    """SIGSTOP, as a machine that swaps or is moved."""
    server.signal(signal.SIGSTOP)
    yield
    server.signal(signal.SIGCONT)


@contextmanager
def read_only(server: ValkeyServer) -> Iterator[None]:
    """A replica of a primary that is gone, as in a failover. Whoever waits in BRPOP is sent away by UNBLOCKED."""
    server.run("REPLICAOF", "127.0.0.1", 1)
    yield
    server.run("REPLICAOF", "NO", "ONE")


@contextmanager
def primary_down(server: ValkeyServer) -> Iterator[None]:
    """A replica that does not even answer questions: MASTERDOWN."""
    server.run("CONFIG", "SET", "replica-serve-stale-data", "no")
    server.run("REPLICAOF", "127.0.0.1", 1)
    yield
    server.run("REPLICAOF", "NO", "ONE")


@contextmanager
def no_scripts(server: ValkeyServer) -> Iterator[None]:
    """A user that may write, and may neither run scripts nor take from a queue."""
    server.run("ACL", "SETUSER", "default", "-eval", "-evalsha", "-brpop")
    yield
    server.run("ACL", "SETUSER", "default", "+@all")


@contextmanager
def foreign_key(server: ValkeyServer) -> Iterator[None]:
    """Another program's key where ours should be."""
    _rename(server, "assay:unacked", "kept:unacked")
    server.run("SET", "assay:unacked", "x")
    yield
    server.run("DEL", "assay:unacked")
    _rename(server, "kept:unacked", "assay:unacked")


def _rename(server: ValkeyServer, old: str, new: str) -> None:
    if server.run("EXISTS", old):
        server.run("RENAME", old, new)


@contextmanager
def too_few_replicas(server: ValkeyServer) -> Iterator[None]:
    """NOREPLICAS: as where a replica is away and the primary may not write alone."""
    server.run("CONFIG", "SET", "min-replicas-to-write", 1)
    yield
    server.run("CONFIG", "SET", "min-replicas-to-write", 0)


@contextmanager
def full_memory(server: ValkeyServer) -> Iterator[None]:
    """OOM: writes that need memory are refused."""
    server.run("CONFIG", "SET", "maxmemory", 1)
    yield
    server.run("CONFIG", "SET", "maxmemory", 0)


@contextmanager
def full_disk(server: ValkeyServer) -> Iterator[None]:
    """MISCONF: a snapshot could not be saved, and so all writes are refused."""
    gone, home = server._dir / "gone", str(server._dir)
    gone.mkdir()
    server.run("CONFIG", "SET", "appendonly", "no")
    server.run("CONFIG", "SET", "dir", str(gone))
    server.run("CONFIG", "SET", "save", "3600 1")
    shutil.rmtree(gone)
    server.run("BGSAVE")
    until(lambda: b"rdb_last_bgsave_status:err" in _raw_info(server))
    yield
    server.run("CONFIG", "SET", "save", "")
    server.run("CONFIG", "SET", "dir", home)
    server.run("CONFIG", "SET", "appendonly", "yes")


@contextmanager
def other_password(server: ValkeyServer) -> Iterator[None]:
    """NOAUTH and WRONGPASS: the password was changed, and all clients were sent away."""
    with redis.Redis(port=server.port, socket_timeout=10) as client:
        client.execute_command("CONFIG", "SET", "requirepass", "other")
        client.execute_command("AUTH", "other")
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        yield
        client.execute_command("CONFIG", "SET", "requirepass", "")


@contextmanager
def reset_connections(server: ValkeyServer) -> Iterator[None]:
    """Every connection is closed by the server, at once and once more."""
    server.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    yield
    server.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


@contextmanager
def flushed(server: ValkeyServer) -> Iterator[None]:
    """FLUSHALL: everything is gone."""
    server.run("FLUSHALL")
    yield


def _raw_info(server: ValkeyServer) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"INFO persistence\r\n")
        return connection.recv(65536)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
