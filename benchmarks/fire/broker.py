"""A broker of our own on a TCP port, as a team runs one: append-only file, a password, and every way to fail."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import redis

from benchmarks.fire.processes import end, server_program, start, wait_for

PASSWORD = "fire"


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Broker:
    """One server in a folder of its own."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: dict[tuple[int, float, str], redis.Redis] = {}

    @property
    def url(self) -> str:
        """Where the fleet finds it."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def client(self, *, timeout_s: float = 5.0, password: str = PASSWORD) -> redis.Redis:
        """A client for looking and for faults."""
        key = (self.port, timeout_s, password)
        if key not in self._clients:
            self._clients[key] = redis.Redis(port=self.port, password=password, socket_timeout=timeout_s)
        return self._clients[key]

    def command(self, *words: str, password: str = PASSWORD) -> None:
        """Send it one command."""
        client: Any = self.client(password=password)
        client.execute_command(*words)

    def start(self, *more: str) -> None:
        """Start it and wait until it answers."""
        command = [server_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy"]
        command += ["noeviction", "--requirepass", PASSWORD, "--masterauth", PASSWORD, *more]
        self.process = start(command, log=self.folder / "broker.log")
        if not wait_for(self.answers, within_s=60.0, every_s=0.05):
            raise RuntimeError(f"the broker did not start; see {self.folder / 'broker.log'}")

    def answers(self) -> bool:
        """Whether it answers a PING."""
        try:
            return bool(self.client(timeout_s=2.0).ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self, seconds: float) -> None:
        """SIGSTOP for some seconds."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM."""
        for client in self._clients.values():
            client.close()
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            end(self.process, grace_s=20.0)

    def used_bytes(self) -> int:
        """Memory that its data takes."""
        memory: Any = self.client().info("memory")
        return int(memory["used_memory"])


def fields_of(client: redis.Redis, key: bytes) -> dict[str, int]:
    """A hash of counts."""
    counts: Any = client.hgetall(key)
    return {name.decode(): int(value) for name, value in counts.items()}
