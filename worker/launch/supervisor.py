"""Supervision of the processes behind `assay up`: start, restart after a crash, stop in the right order."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from assay.judges.errors import EvaluationError
from assay.worker.config.exit_codes import EXIT_RENEW
from assay.worker.launch.children import OrphanGuard, kill_group, spawn
from assay.worker.launch.last_words import why_ended

_LOOK_EVERY_S = 0.1

_AT_ONCE_S = 2.5
"""How long a child may take that was asked a second time. A worker ends within 1.8 s."""


class CrashLoop(EvaluationError):
    """A child ended again and again right after its start. The message says why, and names its log."""


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How a child that ended by itself is started again: after 0.5, 1, 2 … seconds, then no more.

    The count begins anew once a child has run for `stable_s` seconds.
    """

    first_s: float = 0.5
    longest_s: float = 10.0
    give_up_after: int = 5
    stable_s: float = 30.0

    def delay_s(self, crashes: int) -> float:
        """Seconds to wait after this many crashes in a row."""
        return float(min(self.longest_s, self.first_s * 2 ** (crashes - 1)))


@dataclass
class _Child:
    argv: Sequence[str]
    env: Mapping[str, str] | None
    log_path: Path
    process: subprocess.Popen[bytes] | None
    started_at: float
    crashes: int = 0
    restart_at: float | None = None


class Supervisor:
    """Keeps child processes running until it is told to stop. Used as a context manager from the main thread.

    Each child has a session of its own, so that Ctrl-C reaches this process alone. The children die with this process
    even if it is killed with -9. Leaving the context stops them all.
    """

    def __init__(
        self,
        log_dir: Path,
        *,
        stop_first: Sequence[str | Sequence[str]] = ("beat",),
        grace_s: float = 30.0,
        backoff: Backoff | None = None,
        report: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Start nothing yet.

        Args:
            log_dir: where `NAME.log` of each child goes.
            stop_first: children that end before the others are asked to, one after the other. A sequence among them
                ends together. It is beat by default, so that nothing new is published to workers that are leaving.
            grace_s: how long a child may finish its work after SIGTERM.
            backoff: how crashed children are started again.
            report: told, in one line each, about restarts and kills.
        """
        self.log_dir = log_dir
        self._stop_first = stop_first
        self._grace_s = grace_s
        self._backoff = backoff or Backoff()
        self._report = report
        self._children: dict[str, _Child] = {}
        self._guard = OrphanGuard()

    @property
    def pids(self) -> dict[str, int]:
        """Process id of every child that is running, by name."""
        return {name: child.process.pid for name, child in self._children.items() if child.process and _alive(child)}

    def start(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None, log_path: Path | None = None
    ) -> None:
        """Start a child and keep it running.

        Args:
            name: unique; also the name of its log file.
            argv: the program and its arguments.
            env: the child's whole environment; None: this process's own.
            log_path: where its output goes; None: `NAME.log` in the log directory.

        Raises:
            ConfigurationError: the program or its log cannot be opened.
            ValueError: there is a child of this name.
        """
        if name in self._children:
            raise ValueError(f"a child named {name!r} is there already")
        path = log_path or self.log_dir / f"{name}.log"
        child = _Child(argv, env, path, self._spawn(argv, env, path), time.monotonic())
        self._children[name] = child

    def check(self) -> None:
        """Note which children ended, and start those again whose time has come. Call it often.

        Raises:
            CrashLoop: a child ended too often in a row, and not because Redis is away. The others are left running,
                for the caller to stop.
        """
        for name, child in self._children.items():
            if child.process is not None and not _alive(child):
                self._note_end(name, child)
            if child.restart_at is not None and time.monotonic() >= child.restart_at:
                child.process = self._spawn(child.argv, child.env, child.log_path)
                child.started_at, child.restart_at = time.monotonic(), None

    def run(self, *, also: Callable[[], object] = lambda: None) -> None:
        """Keep the children running until SIGINT, SIGTERM or SIGHUP, then stop them all.

        Args:
            also: called as often as the children are looked at.

        Raises:
            CrashLoop: a child ended too often in a row; the others have been stopped.
        """
        with _noted_signals() as received:
            try:
                while not received:
                    also()
                    self.check()
                    time.sleep(_LOOK_EVERY_S)
            finally:
                self.stop_all()

    def stop_all(self, order: Sequence[str | Sequence[str]] | None = None) -> None:
        """Stop every child: those in `order` one after the other, then the rest together.

        Each gets SIGTERM and the time to finish. At a further Ctrl-C it gets another, which ends a worker at once. It
        is killed at the end of its time, or 2.5 s after that other one.

        Args:
            order: as `stop_first` of the constructor, which is taken for None.
        """
        asked = [[s] if isinstance(s, str) else s for s in (self._stop_first if order is None else order)]
        first = [[name for name in stage if name in self._children] for stage in asked]
        named = {name for stage in first for name in stage}
        rest = [name for name in self._children if name not in named]
        with _noted_signals() as received:
            for stage in (*first, rest):
                self._stop_stage(stage, received)
        self._children.clear()
        self._guard.close()

    def __enter__(self) -> Self:
        """The supervisor itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop whatever is still running."""
        self.stop_all()

    def _spawn(self, argv: Sequence[str], env: Mapping[str, str] | None, log_path: Path) -> subprocess.Popen[bytes]:
        process = spawn(argv, env=env, log_path=log_path)
        self._guard.watch(process.pid)
        return process

    def _note_end(self, name: str, child: _Child) -> None:
        returncode = self._bury(child)
        ended, why = f"{name} ended with {_status(returncode)}", why_ended(returncode, child.log_path)
        if returncode == EXIT_RENEW:
            child.crashes, child.restart_at = 0, time.monotonic()
            self._report(f"{name} is started again: {why}")
            return
        stable = time.monotonic() - child.started_at >= self._backoff.stable_s
        child.crashes = 1 if stable else child.crashes + 1
        is_outage = returncode > 0 and why.startswith("Redis ")
        if child.crashes >= self._backoff.give_up_after and not is_outage:
            raise CrashLoop(f"{ended}, {child.crashes} times in a row: {why}; see {child.log_path}")
        delay = self._backoff.delay_s(child.crashes)
        child.restart_at = time.monotonic() + delay
        self._report(f"{ended}: {why}; starting it again in {delay:g} s (log: {child.log_path})")

    def _stop_stage(self, names: Sequence[str], received: Sequence[int]) -> None:
        stage = {name: self._children[name] for name in names if self._children[name].process is not None}
        for child in stage.values():
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + self._grace_s
        while any(map(_alive, stage.values())) and time.monotonic() < deadline and not received:
            time.sleep(_LOOK_EVERY_S / 4)
        if received:
            _ask_again(list(stage.values()))
        for name, child in stage.items():
            if _alive(child):
                self._report(f"{name} was killed: it did not end {'at once' if received else 'in time'}")
            self._bury(child)

    def _bury(self, child: _Child) -> int:
        """Reap the child and kill what it left running, once: its number may belong to somebody else afterwards."""
        process, child.process = child.process, None
        if process is None:
            return 0
        kill_group(process)
        self._guard.forget(process.pid)
        return process.wait()


def _ask_again(children: Sequence[_Child]) -> None:
    """Ask a second time, which ends a worker at once and gives its work back. A kill would give back nothing."""
    for child in children:
        if child.process is not None and _alive(child):
            child.process.terminate()
    deadline = time.monotonic() + _AT_ONCE_S
    while any(map(_alive, children)) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S / 4)


def _alive(child: _Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _status(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"signal {signal.Signals(-returncode).name}"
    except ValueError:  # one of the real-time signals that have no name
        return f"signal {-returncode}"


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """Collect SIGINT, SIGTERM and SIGHUP in a list instead of dying of them. What was ignored stays ignored."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = {}
    # Python delivers signals to the main thread alone. Elsewhere (a test, a notebook) there is nothing to collect.
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
