"""Figures are shown at once and read anew behind it: by one thread, with rests, and never lost by a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from assay.worker.ports.history import HistoryUnavailable
from assay.worker.serving.figures import Figures, Tell, with_earlier
from assay.worker.serving.kept_figures import AGAIN_S, FRESH_S, REST, KeptFigures
from tests.waiting import PATIENCE_S, until

NOW = datetime(2026, 11, 30, tzinfo=UTC)


class Reading:
    """Readings that take until the test says so."""

    def __init__(self, *, takes_s: float = 0.0) -> None:
        self.at = 0.0
        self.takes_s = takes_s
        self.begun = 0
        self.go = threading.Event()
        self.failure: Exception | None = None
        self.so_far: Figures | None = None

    def __call__(self, tell: Tell) -> Figures:
        self.begun += 1
        if self.so_far is not None:
            tell(self.so_far)
        assert self.go.wait(PATIENCE_S)
        self.at += self.takes_s
        if self.failure is not None:
            raise self.failure
        return Figures(since=NOW, until=NOW, read_at=NOW, took_s=float(self.begun))

    def now(self) -> float:
        return self.at


def shown(kept: KeptFigures) -> float | None:
    figures = kept.latest()
    return None if figures is None else figures.took_s


def settled(kept: KeptFigures, condition: Callable[[], object] = lambda: True) -> None:
    until(lambda: not kept.is_reading and condition())


def test_nobody_waits_and_one_thread_reads() -> None:
    reading = Reading()
    kept = KeptFigures(reading, now=reading.now)
    assert [kept.latest() for _ in range(5)] == [None] * 5
    assert reading.begun == 1
    reading.go.set()
    settled(kept)
    assert shown(kept) == 1


def test_old_figures_are_shown_while_new_ones_are_read() -> None:
    reading = Reading()
    kept = KeptFigures(reading, now=reading.now)
    reading.go.set()
    kept.latest()
    settled(kept)
    reading.go.clear()
    reading.at += FRESH_S - 1
    assert (shown(kept), reading.begun) == (1, 1)
    reading.at += 1
    assert shown(kept) == 1
    until(lambda: reading.begun == 2)
    assert shown(kept) == 1
    reading.go.set()
    settled(kept, lambda: shown(kept) == 2)


def test_reading_rests_longer_where_it_takes_long() -> None:
    reading = Reading(takes_s=2 * FRESH_S)
    kept = KeptFigures(reading, now=reading.now)
    reading.go.set()
    kept.latest()
    settled(kept)
    reading.at += 2 * FRESH_S * REST - 1
    kept.latest()
    assert not kept.is_reading
    reading.at += 1
    kept.latest()
    settled(kept, lambda: reading.begun == 2)


def test_a_failure_keeps_what_there_was_and_is_tried_again() -> None:
    reading = Reading()
    kept = KeptFigures(reading, now=reading.now)
    reading.go.set()
    kept.latest()
    settled(kept)
    reading.failure, reading.at = HistoryUnavailable("no route to the database"), FRESH_S
    kept.latest()
    settled(kept)
    assert shown(kept) == 1
    assert kept.problem == "no route to the database"
    reading.failure, reading.at = None, reading.at + AGAIN_S
    kept.latest()
    settled(kept)
    assert (shown(kept), kept.problem) == (3, "")


def test_an_error_that_nobody_expects_is_told_without_its_words() -> None:
    reading = Reading()
    reading.failure = KeyError("secret")
    kept = KeptFigures(reading, now=reading.now)
    reading.go.set()
    kept.latest()
    settled(kept)
    assert "secret" not in kept.problem
    assert "see the log" in kept.problem


def test_only_the_first_figures_are_shown_in_parts() -> None:
    reading = Reading()
    kept = KeptFigures(reading, now=reading.now)
    reading.so_far = Figures(since=NOW, until=NOW, read_at=NOW, took_s=0.5, awaited=("rates",))
    kept.latest()
    until(lambda: shown(kept) == 0.5)
    reading.go.set()
    settled(kept)
    assert shown(kept) == 1
    reading.go.clear()
    reading.at += FRESH_S
    kept.latest()
    until(lambda: reading.begun == 2)
    assert shown(kept) == 1
    reading.go.set()
    settled(kept, lambda: shown(kept) == 2)


def test_a_part_is_not_kept_where_the_rest_fails() -> None:
    reading = Reading()
    reading.so_far = Figures(since=NOW, until=NOW, read_at=NOW, took_s=0.5, awaited=("rates",))
    reading.failure = HistoryUnavailable("no route to the database")
    kept = KeptFigures(reading, now=reading.now)
    reading.go.set()
    kept.latest()
    settled(kept)
    assert (shown(kept), kept.problem) == (None, "no route to the database")


def test_what_the_record_said_last_stays_and_says_how_old_it_is() -> None:
    def read_at(hour: int, **parts: object) -> Figures:
        return Figures(since=NOW, until=NOW, read_at=NOW + timedelta(hours=hour), took_s=1.0, **parts)  # type: ignore[arg-type]

    def parts_of(figures: Figures, *names: str) -> list[object]:
        return [getattr(figures, name) for name in names]

    whole = read_at(0, report="report", cost="cost", objectives="objectives", alerts="alerts", funnel="funnel")
    away = with_earlier(read_at(1, missing=("rates could not be read",)), whole)
    assert parts_of(away, "report", "cost", "objectives") == ["report", "cost", "objectives"]
    assert parts_of(away, "alerts", "funnel", "missing") == [None, None, ("rates could not be read",)]
    assert away.read_before == dict.fromkeys(("rates", "spend", "objectives"), NOW)
    later = with_earlier(read_at(2, report="newer"), away)
    assert parts_of(later, "report", "cost") == ["newer", "cost"]
    assert later.read_before == dict.fromkeys(("spend", "objectives"), NOW)
    assert with_earlier(whole, later).read_before == {}
