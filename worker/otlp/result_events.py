"""The event of a result, `gen_ai.evaluation.result`, as it is written into a request. Sink and telemetry both send it.

Messages are filled where they stand. One that is handed to another is copied, at each level again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from assay.worker.otlp import evaluation_names as names
from assay.worker.otlp.targets import Target

SAMPLED = 0x001
"""Flag of a span that is kept."""

Plain: TypeAlias = str | bool | int | float
Value: TypeAlias = Plain | bytes | Sequence["Value"] | Mapping[str, "Value"] | None
"""What an attribute may hold."""


def add_event(
    scope: ScopeLogs, target: Target, attributes: Mapping[str, Value], *, at: int, observed_at: int
) -> LogRecord:
    """Add an event to those of a scope.

    Args:
        scope: what speaks, with its events.
        target: the judged trace and span. Empty ids: the event stands by itself.
        attributes: what is said of the result.
        at: its time, in nanoseconds since 1970.
        observed_at: when it was written.

    Returns:
        The event that was added.

    Raises:
        ValueError: a text in it is no Unicode, or a number has more than 64 bits. Then nothing was added.
    """
    record = scope.log_records.add(
        time_unix_nano=at,
        observed_time_unix_nano=observed_at,
        event_name=names.EVENT,
        flags=SAMPLED,
        trace_id=target.trace_id,
        span_id=target.span_id,
    )
    try:
        add_attributes(record.attributes, attributes)
    except ValueError:
        del scope.log_records[-1]
        raise
    return record


def add_attributes(pairs: RepeatedCompositeFieldContainer[KeyValue], attributes: Mapping[str, Value]) -> None:
    """Add attributes to those of a message.

    Raises:
        ValueError: a text is no Unicode, or a number has more than 64 bits. The last pair is broken then.
    """
    for key, value in attributes.items():
        _write(pairs.add(key=key).value, value)


def _write(place: AnyValue, value: Value) -> None:
    if isinstance(value, str):
        place.string_value = value
    elif isinstance(value, bool):
        place.bool_value = value
    elif isinstance(value, int):
        place.int_value = value
    elif isinstance(value, float):
        place.double_value = value
    elif isinstance(value, bytes):
        place.bytes_value = value
    elif isinstance(value, Mapping):
        place.kvlist_value.SetInParent()
        add_attributes(place.kvlist_value.values, value)
    elif value is not None:
        place.array_value.SetInParent()
        for each in value:
            _write(place.array_value.values.add(), each)
