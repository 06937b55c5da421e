"""What an attribute may hold, and what becomes of one that cannot be written."""

from __future__ import annotations

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs

from assay.worker.otlp.result_events import Value, add_attributes, add_event
from assay.worker.otlp.targets import Target

NOWHERE = Target(b"", b"")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", 'string_value: "text"'),
        (True, "bool_value: true"),
        (3, "int_value: 3"),
        (0.5, "double_value: 0.5"),
        (b"raw", 'bytes_value: "raw"'),
        (None, ""),
        ([1, "a"], 'array_value { values { int_value: 1 } values { string_value: "a" } }'),
        ([], "array_value { }"),
        ({"k": [0.0]}, 'kvlist_value { values { key: "k" value { array_value { values { double_value: 0 } } } } }'),
    ],
    ids=repr,
)
def test_value_has_its_own_kind(value: Value, written: str) -> None:
    scope = ScopeLogs()
    add_attributes(scope.scope.attributes, {"key": value})
    (pair,) = scope.scope.attributes
    assert (pair.key, " ".join(str(pair.value).split())) == ("key", written)


@pytest.mark.parametrize("value", ["cut \ud83d", 2**63], ids=["half a character", "65 bits"])
def test_event_that_cannot_be_written_leaves_nothing_behind(value: Value) -> None:
    scope = ScopeLogs()
    add_event(scope, NOWHERE, {"name": "kept"}, at=1, observed_at=2)
    with pytest.raises(ValueError, match=r"surrogate|range|large|int"):
        add_event(scope, NOWHERE, {"name": "lost", "value": value}, at=1, observed_at=2)
    assert [record.attributes[0].value.string_value for record in scope.log_records] == ["kept"]
