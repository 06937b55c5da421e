"""What may lie in a queue: only a message of ours is read, and of it only what we need."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport import virtual
from kombu.transport.virtual import Message

from assay.worker.fleet.names import TASKS
from assay.worker.fleet.transport.envelope import MOST_BYTES, Envelope, NotOurs, checked, digest, read_envelope

OURS = Envelope(task="assay.assess", id="0b5d8f7e-2f0e-4c3a-9a5e-6f1f6f2b9a11", arguments=({"v": 1},))

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_our_message_is_read_back_as_it_was_written() -> None:
    raw = json.dumps(OURS.as_kombu("assess", "tag-1"))
    assert read_envelope(raw, TASKS) == OURS


def test_kombu_reads_what_we_write() -> None:
    message = OURS.as_kombu("assess", "tag-1")
    body = json.loads(base64.b64decode(message["body"]))
    assert body[0] == [{"v": 1}]
    assert message["properties"]["delivery_tag"] == "tag-1"
    read = Message(message, channel=virtual.Channel.__new__(virtual.Channel))  # type: ignore[no-untyped-call]
    assert (read.delivery_tag, json.loads(read.body)) == ("tag-1", body)


@given(JSON)
def test_whatever_is_decoded_is_ours_or_refused(content: object) -> None:
    with pytest.raises(NotOurs):
        checked(content, TASKS)


@given(st.binary(max_size=500))
def test_whatever_lies_there_is_ours_or_refused(raw: bytes) -> None:
    with pytest.raises(NotOurs):
        read_envelope(raw, TASKS)


@given(JSON, st.sampled_from(["body", "headers", "properties", "content-type", "content-encoding"]))
def test_any_part_may_be_anything(content: object, part: str) -> None:
    message = {**OURS.as_kombu("assess", "tag-1"), part: content}
    with suppress(NotOurs):
        assert checked(message, TASKS).task in TASKS


@pytest.mark.parametrize(
    "orders",
    [
        {"eta": "9999-12-31T23:59:59+00:00"},
        {"group": "g"},
    ],
)
def test_foreign_orders_in_the_headers_are_refused(orders: dict[str, object]) -> None:
    message = OURS.as_kombu("assess", "tag-1")
    message["headers"].update(orders)
    with pytest.raises(NotOurs, match="foreign_orders"):
        checked(message, TASKS)


def test_what_celery_would_obey_is_left_behind() -> None:
    """Limits, retries and addresses that others wrote do not reach Celery."""
    message = OURS.as_kombu("assess", "tag-1")
    message["headers"].update({"expires": "1970-01-01T00:00:00", "timelimit": [1, 1], "shadow": "x", "retries": 99})
    message["properties"].update({"reply_to": "somebody", "priority": 9})
    assert checked(message, TASKS).as_kombu("assess", "tag-1") == OURS.as_kombu("assess", "tag-1")


def test_size_is_looked_at_before_anything_else() -> None:
    with pytest.raises(NotOurs, match="too_large"):
        read_envelope(b"[" * (MOST_BYTES + 1), TASKS)


def test_digest_tells_messages_apart_without_their_content() -> None:
    assert digest(b"one") != digest(b"two")
    assert len(digest("\ud800")) == 12


@pytest.mark.parametrize("half", [b"\\ud800", b"\\uDC00", b"\xed\xa0\x80"])
def test_half_a_character_is_refused(half: bytes) -> None:
    """Nothing could write it: neither Redis nor the log nor the store."""
    message = OURS.as_kombu("assess", "tag-1")
    body = b'[[{"trace_id": "' + half + b'"}], {}, {}]'
    with pytest.raises(NotOurs, match="body_not_json"):
        read_envelope(json.dumps({**message, "body": base64.b64encode(body).decode()}), TASKS)


@pytest.mark.parametrize("text", ["\U0001f600", "\ud55c\uae00"])
def test_whole_characters_are_read(text: str) -> None:
    ours = Envelope(task=OURS.task, id=OURS.id, arguments=({"use_case": text},))
    assert read_envelope(json.dumps(ours.as_kombu("assess", "tag-1")), TASKS) == ours
