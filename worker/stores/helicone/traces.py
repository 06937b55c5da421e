"""Requests of Helicone as traces: one logged request is one trace, and its model call is the step beneath it.

Requests with the same `Helicone-Session-Id` share a session. A session is no trace, because Helicone hangs a score on a
request, and because a session may be a whole conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.numbers import amount, count
from assay.worker.extraction.token_counts import Counts, comparable
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot
from assay.worker.store_clients.answers import parsed_text

SESSION, PATH = "Helicone-Session-Id", "Helicone-Session-Path"
OWN_PROPERTIES = ("assay.", "assay_")
"""How the properties begin that our scores are told in: `assay.grounding`, `assay_answer_check`."""
NO_ANSWERS = ("vector_db", "tool:", "data:")
"""How the model column of a logged search, tool or event begins. These are no answers of a model."""
PLACEHOLDER = "helicone_message"
"""The only key of a body that lies elsewhere."""

Row = Mapping[str, Any]


def is_answer(row: Row) -> bool:
    """Whether a row is a model's call, and not a search or a tool that was logged beside it."""
    return not model_of(row).startswith(NO_ANSWERS)


def model_of(row: Row) -> str:
    """The model that answered, or else the one that was asked."""
    return str(row.get("response_model") or row.get("model_override") or row.get("request_model") or "")


def properties_of(row: Row) -> dict[str, str]:
    """Custom properties of a request; every value is a text."""
    for key in ("request_properties", "properties"):
        value = row.get(key)
        if isinstance(value, dict) and value:
            return {str(name): text for name, text in value.items() if isinstance(text, str)}
    return {}


def root_of(row: Row) -> TraceRoot | None:
    """The columns of a request; None where a row lacks an id or a start."""
    start, request_id = moment(row.get("request_created_at")), row.get("request_id")
    if start is None or not isinstance(request_id, str):
        return None
    properties = properties_of(row)
    named = {name.lower(): text for name, text in properties.items()}
    return TraceRoot(
        trace_id=request_id,
        observation_id=request_id,
        name=properties.get(PATH) or str(row.get("prompt_id") or named.get("name") or ""),
        environment=named.get("environment") or "default",
        start=start,
        end=_end(row, start),
        level=_level(row),
        release=named.get("release") or None,
        version=named.get("version") or None,
        user_id=str(row.get("request_user_id") or "") or None,
        session_id=properties.get(SESSION) or None,
        metadata={name: text for name, text in properties.items() if not name.startswith(OWN_PROPERTIES)},
    )


def bare(row: Row) -> Row:
    """A request's row without what its application wrote freely."""
    return {**row, "request_properties": {}, "properties": {}}


def trace_of(row: Row, sent: JsonValue, received: JsonValue) -> Trace | None:
    """A whole trace: its row, and the bodies of request and response; None where the row is none."""
    root = root_of(row)
    if root is None:
        return None
    wait_ms = amount(row.get("time_to_first_token")) or None
    call = Observation(
        id=str(row.get("response_id") or f"{root.trace_id}-call"),
        type="generation",
        name=str(row.get("provider") or ""),
        parent_id=root.observation_id,
        start=root.start,
        end=root.end,
        level=root.level,
        input=sent,
        output=received,
        model=str(row.get("request_model") or "") or None,
        usage=_tokens(row),
        cost_usd=amount(row.get("cost")) or amount(row.get("costUSD")) or None,
        first_token=None if wait_ms is None else root.start + timedelta(milliseconds=wait_ms),
        metadata=_of_the_call(row),
    )
    return Trace(root=root, input=sent, output=received, observations=(call,))


def _of_the_call(row: Row) -> dict[str, JsonValue]:
    """Columns that a step has none for, under the names that facts are read by."""
    named = {
        "model_served": row.get("response_model") or row.get("model_override"),
        "provider": row.get("provider"),
        "prompt_name": row.get("prompt_id"),
        "prompt_version": row.get("prompt_version"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str | int) and value != ""}


def inline_bodies(row: Row) -> tuple[JsonValue, JsonValue] | None:
    """Both bodies where the row holds them; None where they lie elsewhere."""
    sent, received = _body(row.get("request_body")), _body(row.get("response_body"))
    are_elsewhere = any(isinstance(body, dict) and PLACEHOLDER in body for body in (sent, received))
    return None if are_elsewhere and row.get("signed_body_url") else (sent, received)


def moment(value: Any) -> datetime | None:
    """A time as Helicone writes it: `2026-11-21T12:00:00.123Z`, or ClickHouse's `2026-11-21 12:00:00.123` in UTC."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _end(row: Row, start: datetime) -> datetime | None:
    end = moment(row.get("response_created_at"))
    if end is not None and end >= start:
        return end
    delay_ms = count(row.get("delay_ms"))
    return None if delay_ms is None else start + timedelta(milliseconds=delay_ms)


def _level(row: Row) -> str:
    """ERROR for a refused call, and for those that Helicone itself ended, whose status is negative."""
    status = row.get("response_status")
    return "ERROR" if isinstance(status, int) and (status >= 400 or status < 0) else "DEFAULT"


def _body(value: Any) -> JsonValue:
    """A body, which some servers give as JSON in a text."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        value = parsed_text(value)
    read: JsonValue = value
    return read


def _tokens(row: Row) -> Tokens | None:
    given, answered = count(row.get("prompt_tokens")), count(row.get("completion_tokens"))
    if not given and not answered:
        return None
    cached, written = count(row.get("prompt_cache_read_tokens")), count(row.get("prompt_cache_write_tokens"))
    return comparable(Counts(given, cached, written, answered))
