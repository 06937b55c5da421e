"""A broker of our own that is killed comes back on its socket with what it held."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from assay.worker.launch.broker import open_broker
from assay.worker.state.redis.state import check_connection, redis_state
from tests.waiting import until


@pytest.mark.parametrize("deep", [False, True], ids=["short path", "path too long for a socket"])
def test_killed_broker_comes_back_on_the_same_socket_with_its_data(tmp_path: Path, deep: bool) -> None:
    data_dir = tmp_path / ("d" * 120 if deep else "d")
    with open_broker(None, data_dir, ping=check_connection) as broker:
        socket = socket_of(broker.url)

        async def keep() -> None:
            state = redis_state(broker.url, prefix="x:")
            await state.key_values.keep("k", b"v", ttl_s=600)
            await asyncio.sleep(1.2)  # appendfsync everysec
            await state.close()

        async def kept() -> dict[str, bytes]:
            state = redis_state(broker.url, prefix="x:")
            try:
                return dict(await state.key_values.kept(["k"]))
            finally:
                await state.close()

        asyncio.run(keep())
        assert not broker.revive()
        pid = int(_pid_of_server(data_dir))
        os.kill(pid, signal.SIGKILL)
        until(broker.revive)
        assert asyncio.run(kept()) == {"k": b"v"}
        socket.unlink()
        until(broker.revive)
        assert socket.exists()
        assert asyncio.run(kept()) == {"k": b"v"}


def test_broker_lent_by_a_command_that_ended_is_started_anew(tmp_path: Path) -> None:
    """A short command starts the server, a long one finds it there, the short one ends and takes it away."""
    with ExitStack() as short, ExitStack() as long:
        lent = short.enter_context(open_broker(None, tmp_path, ping=check_connection))
        borrowed = long.enter_context(open_broker(None, tmp_path, ping=check_connection))
        assert (lent.started, borrowed.started) == (True, False)
        short.close()
        until(borrowed.revive)
        check_connection(borrowed.url)
    assert not (tmp_path / "valkey.sock").exists()


def socket_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _pid_of_server(data_dir: Path) -> str:
    """The process that holds the append-only directory open, from /proc."""
    for proc in Path("/proc").iterdir():
        if proc.name.isdigit():
            try:
                command = (proc / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if (str(data_dir).encode() in command and b"unixsocket" in command) or (
                b"valkey" in command and (proc / "cwd").resolve() == data_dir
            ):
                return proc.name
    raise AssertionError("no server found")
