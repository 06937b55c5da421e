"""A real relay of OTLP between a sender and a receiver: `rotel`, one binary from the package index."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

READY_WITHIN_S = 20.0


def relay_program() -> Path:
    """Where the relay's binary is."""
    spec = find_spec("rotel")
    assert spec is not None, "the relay is a development dependency"
    return Path(str(spec.origin)).with_name("rotel-agent")


@contextmanager
def relaying_to(url: str, directory: Path, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """A relay that sends all that it takes on to an address. Gives its own address.

    Args:
        url: where it sends to.
        directory: for its files.
        headers: what it shows there.
    """
    http, grpc = _free_port(), _free_port()
    shown = [f"--otlp-exporter-custom-headers={name}={value}" for name, value in (headers or {}).items()]
    with (directory / "relay.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(relay_program(), "start", "--pid-file", directory / "relay.pid"),
                *("--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"),
                *("--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", url),
                *shown,
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(f"http://127.0.0.1:{http}", process, directory / "relay.log")
            yield f"http://127.0.0.1:{http}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, timeout=1)
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the relay did not come up: {log.read_text()}")
