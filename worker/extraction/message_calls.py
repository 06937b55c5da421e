"""Calls of tools in a message: whether it asks for one, and the answer that it hands over by one."""

from __future__ import annotations

from assay.worker.extraction.decisions import call_in
from assay.worker.extraction.fields import EMPTY, first, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.message_forms import Fields
from assay.worker.extraction.names import ANSWER_KEYS, CALL_LISTS, CALL_PARTS, plain


def calls_in(body: Fields) -> bool:
    """Whether a message asks for a tool."""
    extra = body.get("additionalkwargs")
    inner = plainly(extra) if isinstance(extra, dict) else {}
    if plain(str(body.get("type", ""))) in CALL_PARTS | {"toolcallrequestevent"}:
        return True
    return any(body.get(key) not in EMPTY or inner.get(key) not in EMPTY for key in CALL_LISTS)


def handed_over(body: Fields) -> str:
    """The answer that a message hands over by its only call: `final_answer(answer="30 days")`. smolagents, Letta."""
    listed = [decoded(body[key]) for key in (*CALL_LISTS, "content") if body.get(key) not in EMPTY]
    calls = [call for calls in listed for call in (calls if isinstance(calls, list) else [calls])]
    given = [call_in(plainly(call)) for call in calls if isinstance(call, dict)]
    handed = [value for value in given if value is not None]
    if len(handed) != 1:
        return ""
    value = first(plainly(handed[0]), ANSWER_KEYS) if isinstance(handed[0], dict) else handed[0]
    return value if isinstance(value, str) else ""
