"""Why a child ended: its exit code's meaning, and the cause among its last lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.launch.last_words import last_words, why_ended


def write(tmp_path: Path, *lines: object) -> Path:
    log = tmp_path / "worker.log"
    log.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return log


def test_error_is_found_among_what_came_after_it(tmp_path: Path) -> None:
    log = write(
        tmp_path,
        {"level": "info", "event": "worker.ready"},
        {"level": "error", "event": "process.not_started", "message": "assay.yaml: rate: 2 is too high; write 0.2"},
        {"level": "info", "event": "celery.message", "message": "worker: Warm shutdown"},
    )
    assert why_ended(2, log) == "configuration: assay.yaml: rate: 2 is too high; write 0.2"


@pytest.mark.parametrize(
    ("kind", "words", "meaning"),
    [
        ("redis.exceptions.ReadOnlyError", "READONLY You can't write against a read only replica.", "it is a replica"),
        ("redis.exceptions.OutOfMemoryError", "OOM command not allowed", "maxmemory"),
        ("redis.exceptions.AuthenticationError", "WRONGPASS invalid username-password pair", "refuses the login"),
        ("redis.exceptions.ResponseError", "MISCONF Redis is configured to save", "disk"),
        ("assay.worker.ports.state.StateUnavailable", "Redis at x: TimeoutError: Timeout", "does not answer in time"),
    ],
)
def test_redis_is_named_with_cause_and_remedy(tmp_path: Path, kind: str, words: str, meaning: str) -> None:
    exception = {"type": kind, "message": words, "frames": []}
    log = write(tmp_path, {"level": "critical", "event": "process.failed", "exception": exception})
    why = why_ended(3, log)
    assert why.startswith("Redis ")
    assert meaning in why


def test_log_for_people_gives_its_last_line(tmp_path: Path) -> None:
    assert last_words(write(tmp_path, "starting", "no such key: ü", "")) == "no such key: ü"


def test_no_log_is_said(tmp_path: Path) -> None:
    assert why_ended(3, tmp_path / "none.log") == "it left no word"


def test_last_line_of_a_log_of_records_gives_its_event(tmp_path: Path) -> None:
    assert last_words(write(tmp_path, {"level": "info", "event": "beat.ready"})) == "beat.ready"


def test_signal_is_explained_and_blamed_on_nothing_in_the_log(tmp_path: Path) -> None:
    log = write(tmp_path, {"level": "error", "event": "task.failed", "message": "of an hour ago"})
    assert "no memory left" in why_ended(-9, log)
    assert why_ended(-1, log) == "it was sent from outside"
    assert why_ended(-35, log) == "it was sent from outside"
    assert "native code" in why_ended(-11, log)


@given(st.lists(st.text(max_size=200), max_size=20))
def test_whatever_lies_in_a_log_gives_one_bounded_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    log = tmp_path_factory.mktemp("log") / "worker.log"
    log.write_text("\n".join(lines), errors="replace")
    assert len(last_words(log)) <= 400
