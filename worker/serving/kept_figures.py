"""The figures that pages show at once, and the one thread that reads them anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from assay.judges.errors import EvaluationError
from assay.worker.serving.figures import Figures, Tell, with_earlier

FRESH_S = 60.0
"""How long figures are shown before they are read anew."""

REST = 4.0
"""Reading rests for so many times as long as it took, so that a large record is not read all the time."""

AGAIN_S = 10.0
"""How long reading rests after it failed as a whole."""

log = structlog.get_logger(__name__)


class KeptFigures:
    """What was read last is shown while it is read anew. Nobody waits, and one thread reads at a time.

    Of the very first figures each part is shown as it comes. Later ones come as a whole.
    """

    def __init__(self, read: Callable[[Tell], Figures], *, now: Callable[[], float] = time.monotonic) -> None:
        """Hold nothing yet.

        Args:
            read: reads everything, in a thread of its own, and tells what there is so far.
            now: a clock that only goes forward.
        """
        self._read = read
        self._now = now
        self._lock = threading.Lock()
        self._figures: Figures | None = None
        self._so_far: Figures | None = None
        self._problem = ""
        self._next_at = 0.0
        self._is_reading = False

    @property
    def problem(self) -> str:
        """Why the last reading failed as a whole. Empty: it did not."""
        return self._problem

    @property
    def is_reading(self) -> bool:
        """Whether the thread reads now."""
        return self._is_reading

    def latest(self) -> Figures | None:
        """What was read last; None: nothing yet. Begins to read anew where that is due."""
        with self._lock:
            if not self._is_reading and self._now() >= self._next_at:
                self._is_reading = True
                # A thread that ends with the process: nobody waits for it at the end, and it holds nothing.
                threading.Thread(target=self._renew, name="figures", daemon=True).start()
            return self._figures or self._so_far

    def _tell(self, so_far: Figures) -> None:
        with self._lock:
            self._so_far = so_far

    def _renew(self) -> None:
        began, figures, problem = self._now(), None, ""
        try:
            figures = self._read(self._tell)
        except EvaluationError as exc:
            problem = str(exc)
        except Exception:
            log.exception("serve.reading_failed")
            problem = "the figures could not be read; see the log of assay serve"
        ended = self._now()
        with self._lock:
            if figures is not None:
                self._figures = with_earlier(figures, self._figures)
            self._so_far = None
            self._problem = problem
            self._next_at = ended + (AGAIN_S if problem else max(FRESH_S, REST * (ended - began)))
            self._is_reading = False
