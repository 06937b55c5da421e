"""The spans of a request, as many as one may hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from assay.worker.collector.answers import PROTOBUF, Form
from assay.worker.collector.refusals import Refusal, not_understood, too_large
from assay.worker.otlp.decoding import json_request
from assay.worker.otlp.json_spans import scopes_in, spans_of_groups
from assay.worker.otlp.protobuf_spans import spans_of_body
from assay.worker.otlp.wire_format import BadWire, pieces
from assay.worker.records.spans import Span

MOST_SPANS = 20_000
"""Of one request. A body may be small and hold very many empty ones, each of which takes memory."""

_LARGE = 1_000_000
"""Bytes from which on a body may hold far too many empty spans."""

_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS = 1, 2, 2
"""Numbers of the fields that lead to spans."""

STRANGE_AFTER = timedelta(days=1)
"""A span that began so long before or after it came was dated by a clock that is wrong, or sent late."""


class TraceRequest(NamedTuple):
    """What a request held.

    Attributes:
        spans: those that can be read.
        rejected: how many cannot.
        why: the first reason.
        strange_times: how many of the spans are dated far from now.
    """

    spans: Sequence[Span]
    rejected: int
    why: str
    strange_times: int


def trace_request(form: Form, body: bytes) -> TraceRequest:
    """Read a request.

    Raises:
        Refusal: it is none, or holds too many spans.
    """
    spans: list[Span] = []
    reasons: list[str] = []
    for item in spans_in(form, body):
        if len(spans) + len(reasons) >= MOST_SPANS:
            raise _too_many_spans()
        if isinstance(item, str):
            reasons.append(item)
        else:
            spans.append(item)
    now = datetime.now(UTC)
    strange = sum(abs(span.start - now) > STRANGE_AFTER for span in spans)
    return TraceRequest(spans, len(reasons), reasons[0] if reasons else "", strange)


def spans_in(form: Form, body: bytes) -> Iterator[Span | str]:
    """Each span in turn, or why it cannot be read.

    Raises:
        Refusal: the body is no request.
    """
    try:
        if form == PROTOBUF:
            _check_pieces(body)
            yield from spans_of_body(body)
        else:
            groups = json_groups(body, "resourceSpans", "resource_spans")
            _check_containers(groups)
            yield from spans_of_groups(groups)
    except ValueError as exc:
        raise not_understood(f"no OTLP request: {exc}") from None


def json_groups(body: bytes, *names: str) -> Sequence[Any]:
    """The list under the first of these keys that is there; empty where none is.

    Raises:
        ValueError: the body is no JSON object with such a list.
    """
    request = json_request(body)
    groups: Any = next((request[name] for name in names if request.get(name) is not None), [])
    if not isinstance(groups, list):
        raise ValueError(f"`{names[0]}` is no list")  # noqa: TRY004
    return groups


def _check_pieces(body: bytes) -> None:
    """The same check for protobuf, as far as its pieces can be told apart. What cannot be read is told later.

    Spans are counted in large bodies alone: in a small one there cannot be so many that it matters.
    """
    groups = spans = 0
    with contextlib.suppress(BadWire):
        for group in pieces(memoryview(body), _RESOURCE_SPANS):
            groups += 1
            for scoped in pieces(group, _SCOPE_SPANS):
                groups += 1
                if len(body) > _LARGE:
                    spans += sum(1 for _ in islice(pieces(scoped, _SPANS), MOST_SPANS + 1))
                if groups > MOST_SPANS or spans > MOST_SPANS:
                    raise _too_many_groups() if groups > MOST_SPANS else _too_many_spans()
            if groups > MOST_SPANS:
                raise _too_many_groups()


def _too_many_spans() -> Refusal:
    return too_large(f"more than {MOST_SPANS:,} spans; send fewer at once")


def _too_many_groups() -> Refusal:
    return too_large(f"more than {MOST_SPANS:,} groups of spans; send fewer at once")


def _check_containers(groups: Sequence[Any]) -> None:
    """Refuse very many groups that hold nothing: going through them takes long."""
    mappings = [group for group in groups[:MOST_SPANS] if isinstance(group, Mapping)]
    if len(groups) + sum(len(scopes_in(group)) for group in mappings) > MOST_SPANS:
        raise _too_many_groups()
