"""What a tool answers when it failed: an error is no evidence, but an answer about errors is."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from assay.worker.extraction.failure_forms import (
    ADVICE,
    ANNOUNCED,
    EXCEPTION,
    EXPLAINED,
    HTTP,
    NAMED,
    NOTHING,
    SDK_STATUS,
    TOLD,
    TRACEBACK,
)
from assay.worker.extraction.fields import EMPTY, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import ERROR_COMPANIONS, ERROR_FLAGS, ERROR_KEYS, ERROR_STATES, EXIT_CODES, plain

_LONGEST = 2_000
"""A text longer than this is what a tool found, unless it is a traceback."""
_SHORT = 300
"""Characters of a failure in plain words: what is longer tells of something else as well."""
_FEW_LINES = 3
"""Lines of a traceback that a recorder cut before its exception."""
_NO_ERROR = (*EMPTY, False, 0)
_HTTP_ERRORS = range(400, 600)


def is_failure(value: JsonValue) -> bool:
    """Whether what a tool answered is only that it failed."""
    value = decoded(value)
    if isinstance(value, str):
        return is_failure_text(value)
    if isinstance(value, list):
        return 0 < len(value) <= 3 and all(isinstance(item, dict | str) and is_failure(item) for item in value)
    return isinstance(value, dict) and _is_failure_object(value)


def is_failure_text(text: str) -> bool:
    """Whether a text is a traceback, an exception or a sentence that announces one, or a program's word for nothing."""
    if TRACEBACK.match(text):
        return True
    if len(text) > _LONGEST or EXPLAINED.search(text):
        return False
    if any(form.match(text) for form in (NAMED, ANNOUNCED, EXCEPTION, SDK_STATUS)):
        return True
    if NOTHING.fullmatch(text) or HTTP.fullmatch(text):
        return True
    return len(text) <= _SHORT and TOLD.match(text) is not None and ADVICE.search(text) is None


def is_program_error(text: str) -> bool:
    """Whether a text in the place of an answer is an error of the program, whatever else the trace says.

    A user may be answered in the words of an error, so only the forms count in which nobody speaks.
    """
    if TRACEBACK.match(text) and text.lstrip().startswith("Traceback"):
        lines = text.rstrip().splitlines()
        return NAMED.match(lines[-1]) is not None or len(lines) <= _FEW_LINES
    if len(text) > _LONGEST or EXPLAINED.search(text) or ADVICE.search(text) or text.strip().isidentifier():
        return False  # `ValueError` alone answers which exception it is
    return any(form.match(text) for form in (NAMED, SDK_STATUS)) or HTTP.fullmatch(text) is not None


def _is_failure_object(value: Mapping[str, JsonValue]) -> bool:
    fields = plainly(value)
    if any(fields.get(flag) is True for flag in ERROR_FLAGS):
        return True
    marks = [key for key in ERROR_KEYS if key in fields and fields[key] not in _NO_ERROR]
    state = fields.get("status")
    is_marked = bool(marks) or (isinstance(state, str) and plain(state) in ERROR_STATES)
    is_marked = is_marked or fields.get("success") is False or fields.get("ok") is False
    is_marked = is_marked or any(_is_http_error(fields.get(key)) for key in ("statuscode", "status", "code"))
    is_marked = is_marked or _has_left(fields)
    if not is_marked:
        content = fields.get("content")
        return set(fields) <= {"content", "type", "text"} and isinstance(content, str) and is_failure_text(content)
    return all(key in ERROR_COMPANIONS or inner in EMPTY for key, inner in fields.items()) and not _holds_data(fields)


def _is_http_error(value: JsonValue) -> bool:
    return isinstance(value, int | float) and value in _HTTP_ERRORS  # a range looks for anything else one by one


def says_it_failed(fields: Mapping[str, JsonValue]) -> bool:
    """Whether an object says of itself that it is no success, whatever text stands beside: `{"success": false}`."""
    state = fields.get("status")
    is_failed = isinstance(state, str) and plain(state) in ERROR_STATES
    is_failed = is_failed or any(fields.get(flag) is True for flag in ERROR_FLAGS)
    return is_failed or fields.get("success") is False or fields.get("ok") is False


def _has_left(fields: Mapping[str, JsonValue]) -> bool:
    """Whether a command ended with an error and wrote nothing: `{"stdout": "", "stderr": "…", "exit_code": 127}`."""
    code = next((fields[key] for key in EXIT_CODES if isinstance(fields.get(key), int)), 0)
    return code != 0 and fields.get("stdout") in EMPTY and fields.get("output") in EMPTY


def _holds_data(fields: Mapping[str, JsonValue]) -> bool:
    """Whether there is a result beside the error: a partial failure, or an entry of a list of errors."""
    if any(isinstance(fields.get(key), dict | list) and fields[key] for key in ("result", "results", "data", "output")):
        return True
    told = [text for text in fields.values() if isinstance(text, str)]
    return any(EXPLAINED.search(text) for text in told)
