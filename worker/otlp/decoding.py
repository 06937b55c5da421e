"""Export requests of OpenTelemetry's protocol to spans: protobuf, JSON, and JSON that is parsed already.

A span that cannot be taken is counted and its reason told. It never takes another with it, and unknown fields count
for nothing. Only a body that is no request at all is refused as a whole.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from assay.worker.otlp.json_spans import spans_of_groups
from assay.worker.records.spans import Span

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


_MOST_DIGITS = 100
"""Of a whole number in JSON. The protocol's have 20."""

_NO_NUMBER = "a number of very many digits"


class Decoded(NamedTuple):
    """What a request held.

    Attributes:
        spans: those that could be taken, in the order in which they came.
        rejected: how many could not.
        why: the first reason, for the answer's partial success.
    """

    spans: list[Span]
    rejected: int = 0
    why: str = ""


def spans_in_protobuf(body: bytes) -> Decoded:
    """The spans of an `ExportTraceServiceRequest`.

    Raises:
        ValueError: the body is none.
    """
    from assay.worker.otlp.protobuf_spans import spans_of_body  # the messages come with the extra `otlp`

    return _counted(spans_of_body(body))


def spans_in_request(request: ExportTraceServiceRequest) -> Decoded:
    """The spans of a request that is parsed already."""
    from assay.worker.otlp.protobuf_spans import spans_of_request

    return _counted(spans_of_request(request))


def spans_in_json(body: bytes) -> Decoded:
    """The spans of an OTLP/JSON request: ids in hex, whole numbers as text or numbers, enums as numbers or names.

    Bytes that are no UTF-8 become U+FFFD, as they would on any screen.

    Raises:
        ValueError: the body is no such request.
    """
    request = json_request(body)
    groups = request.get("resourceSpans", request.get("resource_spans"))
    if groups is None:
        return Decoded([])
    if not isinstance(groups, list):
        raise ValueError("`resourceSpans` is no list")  # noqa: TRY004
    return spans_in_resource_spans(groups)


def json_request(body: bytes) -> Mapping[str, Any]:
    """A request in JSON, parsed. Bytes that are no UTF-8 become U+FFFD: one bad text does not take others with it.

    Raises:
        ValueError: the body is no JSON object.
    """
    text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    try:
        try:
            request = json.loads(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number of thousands of digits: its span alone is refused
            request = json.loads(text, parse_int=_whole_number)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if not isinstance(request, dict):
        raise ValueError("the JSON is no object")  # noqa: TRY004  # callers ask for one error
    return request


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else _NO_NUMBER


def spans_in_resource_spans(resource_spans: Sequence[Mapping[str, Any]]) -> Decoded:
    """The spans of `resourceSpans` as OTLP/JSON has them, parsed already: what query APIs answer."""
    return _counted(spans_of_groups(resource_spans))


def _counted(taken: Iterable[Span | str]) -> Decoded:
    spans: list[Span] = []
    rejected, why = 0, ""
    for span in taken:
        if isinstance(span, str):
            rejected, why = rejected + 1, why or span
        else:
            spans.append(span)
    return Decoded(spans, rejected, why)
