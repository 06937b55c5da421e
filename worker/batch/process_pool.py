"""Judging on all cores: processes that are started as work comes, results in the order of the input.

Each process holds one chunk of lines at a time and has a connection of its own, so nothing is shared that a dying
process could leave locked. What is in flight is bounded: a slow sample holds the others back, not the memory full.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from assay import worker
from assay.judges.errors import EvaluationError
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.schema import Failed
from assay.worker.batch.chunks import CHUNK_LINES, ChunksAhead, Numbered, chunks
from assay.worker.batch.judging_process import Task
from assay.worker.batch.reading import RawLine, read_sample
from assay.worker.batch.redacting import NOTHING
from assay.worker.batch.verdict_lines import Judged, judged
from assay.worker.config.settings import child_environment
from assay.worker.records.jsonl import BadLine

CHUNKS_AHEAD = 8
"""Chunks in flight per process. More than one, so that a slow sample at the head does not stop the others at once."""

STOP_SECONDS = 5.0

_START = """\
import sys
sys.path.insert(0, sys.argv[1])
from assay.worker.batch.judging_process import main
main(int(sys.argv[2]))
"""

Result = Judged | BadLine


class ProcessLost(EvaluationError):
    """A judging process ended by itself before it could take work."""


class _Process:
    """One judging process and the chunk it holds."""

    def __init__(self, task: Task, revision: str) -> None:
        self.connection, theirs = Pipe()
        self._revision = revision
        self.is_ready = False
        self.chunk: Sequence[Numbered] = ()
        # Started by hand, not by `multiprocessing`: that would run the whole command's imports in every process.
        # A session of its own keeps the terminal's Ctrl-C away from it. The parent decides when it ends.
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and code
                [sys.executable, "-P", "-c", _START, str(Path(worker.__file__).parents[2]), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=child_environment(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1"),
            )
        self._send(task)

    def take(self, chunk: Sequence[Numbered]) -> None:
        """Hand over a chunk."""
        self.chunk = chunk
        if self.is_ready:
            self._send([line for _, line in chunk])

    def results(self) -> list[tuple[int, Result]] | None:
        """What became of the chunk.

        Returns:
            None: the process has only now become ready, and begins with the chunk.

        Raises:
            EOFError: it died over the chunk.
            ProcessLost: it never started, or does not judge as we do.
        """
        if not self.is_ready:
            self._greet()
            self._send([line for _, line in self.chunk])
            return None
        results: list[Result] = self._receive()
        places = [place for place, _ in self.chunk]
        self.chunk = ()
        return list(zip(places, results, strict=True))

    def stop(self) -> None:
        """Close the connection, which ends the process. One that does not listen is killed."""
        self.connection.close()
        try:
            self._process.wait(0 if self.chunk else STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _greet(self) -> None:
        try:
            revision: object = self._receive()
        except EOFError as exc:
            code = self._process.wait()
            raise ProcessLost(f"a judging process did not start (exit code {code}); see above for its reason") from exc
        if revision != self._revision:
            raise ProcessLost("a judging process has another evaluator revision; was Assay updated? run it again")
        self.is_ready = True

    def _receive(self) -> Any:
        try:
            return self.connection.recv()
        except ConnectionResetError as exc:
            raise EOFError from exc

    def _send(self, message: object) -> None:
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return  # it is gone; the next `results` says so


class JudgingPool:
    """Processes that judge with the local judge as `evaluator` does. As a context manager it leaves none behind."""

    def __init__(
        self, evaluator: Evaluator, *, workers: int, explain: bool = False, redaction: Redaction = NOTHING
    ) -> None:
        self._evaluator = evaluator
        self._redaction = redaction
        self._task = Task.of(evaluator, explain=explain, redaction=redaction)
        self._workers = workers
        self._processes: list[_Process] = []
        self._taken = 0

    def __enter__(self) -> JudgingPool:
        return self

    def __exit__(self, *exc: object) -> None:
        while self._processes:
            self._processes.pop().stop()

    def judge(self, lines: Iterable[RawLine | BadLine]) -> Iterator[Result]:
        """Judge lines. Results come in the order of the lines, whichever process finishes first.

        A line over which a process dies twice becomes a failed outcome. The rest goes on.

        Raises:
            ProcessLost: processes cannot be started.
        """
        done: dict[int, Result] = {}
        ahead = ChunksAhead(chunks(enumerate(lines)), self._workers)
        again: deque[Sequence[Numbered]] = deque()
        place = 0
        try:
            while True:
                self._hand_out(ahead, again, place)
                busy = [process for process in self._processes if process.chunk]
                if not busy and ahead.ended:
                    return
                for process in self._listening(busy, ahead):
                    self._collect(process, done, again)
                while place in done:
                    yield done.pop(place)
                    place += 1
        finally:
            ahead.close()

    def _hand_out(self, ahead: ChunksAhead, again: deque[Sequence[Numbered]], place: int) -> None:
        """Give every free process a chunk, unless the head of the output is too far behind."""
        room = self._workers * CHUNKS_AHEAD * CHUNK_LINES
        while sum(bool(process.chunk) for process in self._processes) < self._workers:
            if not again and self._taken - place >= room:
                return
            chunk = again.popleft() if again else ahead.take()
            if chunk is None:
                return
            self._taken = max(self._taken, chunk[-1][0])
            self._free_process().take(chunk)

    def _free_process(self) -> _Process:
        for process in self._processes:
            if not process.chunk:
                return process
        self._processes.append(_Process(self._task, self._evaluator.revision))
        return self._processes[-1]

    def _listening(self, busy: Sequence[_Process], ahead: ChunksAhead) -> list[_Process]:
        """The processes that have something to say, once one has or there is something new to hand out."""
        wanted = [] if ahead.ended or len(busy) == self._workers else [ahead.signal]
        ready = {id(connection) for connection in wait([*wanted, *(process.connection for process in busy)])}
        if id(ahead.signal) in ready:
            ahead.signal.recv_bytes()
        return [process for process in busy if id(process.connection) in ready]

    def _collect(self, process: _Process, done: dict[int, Result], again: deque[Sequence[Numbered]]) -> None:
        try:
            done.update(process.results() or ())
        except EOFError:
            self._processes.remove(process)
            process.stop()
            if len(process.chunk) > 1:
                again.extend([line] for line in process.chunk)
            else:
                done.update((place, self._lost(line)) for place, line in process.chunk)

    def _lost(self, line: RawLine | BadLine) -> Result:
        read = read_sample(line) if isinstance(line, RawLine) else line
        if isinstance(read, BadLine):
            return read
        failed = Failed(error="ProcessLost", message="the process that judged it died, most likely for lack of memory")
        return judged(read, failed, self._evaluator, explain=self._task.explain, redaction=self._redaction)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
