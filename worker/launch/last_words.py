"""Why a child process ended, in a line: from its exit code and the last lines of its log."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from assay.worker.config.exit_codes import EXIT_RENEW
from assay.worker.config.redis_answers import redis_trouble

_MEANINGS = {2: "configuration", 70: "its event loop hung", EXIT_RENEW: "its memory had grown to ASSAY_MEMORY_LIMIT_MB"}

_SIGNALS: dict[int, str] = {
    signal.SIGKILL: "it was killed from outside, most often because the system has no memory left: "
    "take fewer workers, or set ASSAY_MEMORY_LIMIT_MB",
    signal.SIGSEGV: "native code of a library crashed",
    signal.SIGBUS: "native code of a library crashed, or the disk is full",
    signal.SIGABRT: "native code of a library gave up",
}
"""What a signal means that ends a process. Its log says nothing of it: there was no time to write."""

_TAIL_BYTES = 64 * 1024
"""Enough for the last lines, each at most a few thousand characters with an exception in it."""

_LOOK_BACK = 40
"""Lines among which the cause stands: after it come at most the lines of a process that ends."""

_LONGEST = 400


def why_ended(exit_code: int, log_path: Path) -> str:
    """Cause, and remedy where the log names one. Never empty."""
    if exit_code == EXIT_RENEW:
        return _MEANINGS[exit_code]
    if exit_code < 0:
        return _SIGNALS.get(-exit_code, "it was sent from outside")
    words = last_words(log_path)
    meaning = _MEANINGS.get(exit_code, "")
    return ": ".join(part for part in (meaning, words) if part) or "it left no word"


def last_words(log_path: Path) -> str:
    """The last error that a process logged, else its last line. Empty where there is none."""
    lines = _tail(log_path)
    records = [record for line in lines[-_LOOK_BACK:] if (record := _record(line)) is not None]
    errors = [record for record in records if record.get("level") in ("error", "critical")]
    if errors:
        return _sentence(errors[-1])[:_LONGEST]
    last = lines[-1] if lines else ""
    record = _record(last)
    return (last if record is None else _sentence(record))[:_LONGEST]


def _sentence(record: dict[str, Any]) -> str:
    exception = record.get("exception")
    cause = record.get("message") or record.get("error") or _cause(exception if isinstance(exception, dict) else {})
    return str(cause or record.get("event", ""))


def _cause(exception: dict[str, Any]) -> str:
    """An exception as cause and remedy where it is Redis', else its class and its words."""
    kind, message = str(exception.get("type", "")), str(exception.get("message", ""))
    if not kind:
        return ""
    if kind.startswith("redis.") or kind.endswith("StateUnavailable"):
        return f"Redis {redis_trouble(RuntimeError(f'{kind}: {message}'))}"
    return f"{kind}: {message}"


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _tail(log_path: Path) -> list[str]:
    try:
        with log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.split("\n") if line.strip()]
