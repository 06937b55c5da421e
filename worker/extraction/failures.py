"""What a tool answers when it failed: an error is no evidence, but an answer about errors is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

from assay.worker.extraction.fields import EMPTY, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import ERROR_COMPANIONS, ERROR_FLAGS, ERROR_KEYS, ERROR_STATES, plain

_LONGEST = 2_000
"""A text longer than this is what a tool found, unless it is a traceback."""
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\)|[\s\S]{0,300}\n\s+at [\w.$<>]+ ?\([^()\n]{0,200}:\d+")
"""Where a program stopped: `Traceback (most recent call last)`, `at load (kb.js:12)`."""
_NAMED = re.compile(
    r"\s*(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Interrupt)\s*(?:\Z|[:(])|\s*\[\w*(?:Error|Exception|ERROR)\]"
)
"""An exception by its class: `ConnectionError: timed out`, `httpx.ReadTimeout`, `[ToolError] no index`."""
_HTTP = re.compile(
    r"\s*(?:HTTP(?:/[\d.]+)?(?: Error)?:? ?|Error (?:code:? )?|status(?: code)?:? ?)?[45]\d\d:?(?:[ -]+"
    r"(?:Not Found|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many Requests|"
    r"Unauthori[sz]ed|Forbidden|Bad Request|Request Timeout|Unprocessable Entity|Conflict|"
    r"(?:Client|Server) Error\b.*))\s*",
    re.IGNORECASE,
)
"""The status line of a failed request: `404 Not Found`, `HTTP 503 Service Unavailable`."""
_ANNOUNCED = re.compile(
    r"\s*(?:error|exception|fehler|erreur|failed)\s*:|\s*an (?:unexpected )?(?:error|exception) (?:has )?occurred\b"
    r"|\s*(?:error|exception)\s+(?:while|when|executing|calling|invoking|running|in|during|from)\b"
    r"|\s*(?:the )?(?:tool|function)(?: \S{1,60})?(?: call| execution)?(?: has)? (?:failed|errored|timed out)\b"
    r"|\s*failed to (?:call|execute|run|invoke|connect|fetch|reach)\b",
    re.IGNORECASE,
)
"""An error told in words: `Error executing tool kb: timed out`, `Tool execution failed`."""
_EXPLAINED = re.compile(
    r"\b(?:is|are) (?:raised|thrown|caused|returned|shown|displayed)\b|\braised when\b"
    r"|\b(?:means|indicates|occurs)\b"
    r"|\b(?:please |to )?(?:replace|clean|empty|refill|descale) the\b",
    re.IGNORECASE,
)
"""How a text speaks that explains an error to somebody: `ValueError: raised when an argument is wrong`."""
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
    """Whether a text is a traceback, an exception or a sentence that announces one."""
    if _TRACEBACK.match(text):
        return True
    if len(text) > _LONGEST or _EXPLAINED.search(text):
        return False
    return any(form.match(text) for form in (_NAMED, _ANNOUNCED)) or _HTTP.fullmatch(text) is not None


def _is_failure_object(value: Mapping[str, JsonValue]) -> bool:
    fields = plainly(value)
    if any(fields.get(flag) is True for flag in ERROR_FLAGS):
        return True
    marks = [key for key in ERROR_KEYS if fields.get(key) not in (*EMPTY, False, 0)]
    state = fields.get("status")
    is_marked = bool(marks) or (isinstance(state, str) and plain(state) in ERROR_STATES)
    is_marked = is_marked or fields.get("success") is False or fields.get("ok") is False
    is_marked = is_marked or any(fields.get(key) in _HTTP_ERRORS for key in ("statuscode", "status", "code"))
    if not is_marked:
        content = fields.get("content")
        return set(fields) <= {"content", "type", "text"} and isinstance(content, str) and is_failure_text(content)
    return all(key in ERROR_COMPANIONS or inner in EMPTY for key, inner in fields.items()) and not _holds_data(fields)


def _holds_data(fields: Mapping[str, JsonValue]) -> bool:
    """Whether there is a result beside the error: a partial failure, or an entry of a list of errors."""
    if any(isinstance(fields.get(key), dict | list) and fields[key] for key in ("result", "results", "data", "output")):
        return True
    told = [text for text in fields.values() if isinstance(text, str)]
    return any(_EXPLAINED.search(text) for text in told)
