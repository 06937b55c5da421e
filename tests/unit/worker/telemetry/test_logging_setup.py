"""The log of a process: who may speak at which level, and what exceptions and warnings look like.

Logging belongs to a whole process, so each test looks at a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PRELUDE = """
import logging, sys, threading, warnings
import structlog
from assay.judges.errors import EvaluationError
from assay.worker.config.settings import Settings
from assay.worker.telemetry.log_lines import write_raw_line
from assay.worker.telemetry.logging_setup import configure_logging, log_uncaught
configure_logging(Settings(log_level={level!r}, log_format={form!r}))
log = structlog.get_logger("assay.test")
"""

SPEAK = """
for name in ("httpx2", "openai._base_client", "celery.worker.strategy", "a_client_of_tomorrow"):
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    for level in ("debug", "info", "warning"):
        getattr(logger, level)("%s of %s", level, name)
log.debug("ours", n=1)
log.info("ours", n=2)
log.warning("ours", n=3)
"""

FAIL = """
def quotes():
    secret_local = "hunter2"
    return int("the text of a trace")
try:
    try:
        quotes()
    except ValueError as exc:
        raise EvaluationError("the store does not answer") from exc
except EvaluationError:
    log.exception("work.failed")
"""


def run(program: str, *, level: str = "info", form: str = "json", code: int = 0) -> str:
    """What a process with this log wrote to stderr; it writes nothing to stdout."""
    ended = subprocess.run(
        [sys.executable, "-c", PRELUDE.format(level=level, form=form) + program],
        capture_output=True, text=True, check=False, env={"ASSAY_LOG_FORMAT": form},
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    return ended.stderr


def lines(program: str, *, level: str = "info", code: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(program, level=level, code=code).splitlines()]


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("debug", ["debug", "info", "warning"], ["info", "warning"]),
        ("info", ["info", "warning"], ["warning"]),
        ("warning", ["warning"], ["warning"]),
        ("error", [], []),
    ],
)
def test_libraries_speak_from_warning_on_whatever_their_loggers_ask_for(
    level: str, ours: list[str], theirs: list[str]
) -> None:
    written = lines(SPEAK, level=level)
    assert [line["level"] for line in written if line["event"] == "ours"] == ours
    for name in ("httpx2", "openai._base_client", "celery.worker.strategy", "a_client_of_tomorrow"):
        assert [line["level"] for line in written if line.get("logger") == name] == theirs


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_no_login_and_no_query_of_an_address_is_written(library: str) -> None:
    (line,) = lines(
        f"""
import httpx
url = httpx.URL("https://user:hunter2@judge.example.org/v1/chat?token=hunter3")
logging.getLogger({library!r}).info('HTTP Request: %s %s "%s %d %s"', "POST", url, "HTTP/1.1", 200, "OK")
""",
        level="debug",
    )
    assert line["event"] == 'HTTP Request: POST https://judge.example.org/v1/chat "HTTP/1.1 200 OK"'


def test_exception_is_one_line_with_type_message_frames_and_cause() -> None:
    (line,) = lines(FAIL)
    exception = line["exception"]
    assert exception["type"] == "assay.judges.errors.EvaluationError"
    assert exception["message"] == "the store does not answer"
    assert exception["frames"][-1].endswith("in <module>")
    assert exception["cause"]["type"] == "ValueError"
    assert exception["cause"]["frames"][-1].endswith("in quotes")


@pytest.mark.parametrize("form", ["json", "console"])
def test_neither_local_variables_nor_what_others_quote_is_written(form: str) -> None:
    written = run(FAIL, form=form)
    assert "work.failed" in written
    assert "the store does not answer" in written
    assert "hunter2" not in written
    assert "the text of a trace" not in written


def test_library_that_logs_an_exception_says_what_it_was() -> None:
    (line,) = lines("""
try:
    raise RuntimeError("Error 111 connecting to h:6379, password=hunter2")
except RuntimeError:
    logging.getLogger("redbeat").error("cannot connect", exc_info=True)
""")
    assert line["exception"]["message"].startswith("Error 111 connecting to h:6379")
    assert "hunter2" not in json.dumps(line)


def test_warnings_uncaught_errors_and_lines_from_signals_are_lines_of_the_log() -> None:
    written = lines(
        """
log_uncaught()
warnings.warn("old\\nway", DeprecationWarning)
warnings.warn("old way")
write_raw_line("info", "celery.message", message="warm shutdown")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
logging.getLogger("a_library").warning("%d of %d", "the text of a trace")
class Broken:
    def __del__(self):
        raise RuntimeError("while it is collected")
Broken()
raise KeyError("it ends")
""",
        code=1,
    )
    assert [line["event"] for line in written if "." in line["event"] and "\n" not in line["event"]] == [
        "celery.message", "thread.failed", "log.record_broken", "exception.ignored", "process.failed"
    ]  # fmt: skip
    assert "the text of a trace" not in json.dumps(written)
    assert any("UserWarning: old way" in line["event"] for line in written)
    assert written[-1]["exception"]["type"] == "KeyError"
    assert all("timestamp" in line for line in written)
