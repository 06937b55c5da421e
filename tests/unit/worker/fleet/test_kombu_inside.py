"""What our transport relies on inside kombu and Celery. A release that changes it fails here, and not in production."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import celery.beat
import celery.worker.consumer.consumer as celery_consumer
import pytest
import redbeat.schedulers
import redis.connection
from kombu.transport import redis as kombu_redis
from kombu.transport import virtual

REVIEWED: dict[str, tuple[Callable[..., Any], str]] = {
    "Channel._brpop_read": (kombu_redis.Channel._brpop_read, "copied, but for what is done with the message"),
    "QoS.append": (kombu_redis.QoS.append, "replaced: it noted by the local clock"),
    "QoS.ack": (kombu_redis.QoS.ack, "replaced"),
    "QoS.reject": (kombu_redis.QoS.reject, "replaced"),
    "QoS.restore_visible": (kombu_redis.QoS.restore_visible, "replaced: it read by the local clock"),
    "QoS.restore_unacked": (kombu_redis.QoS.restore_unacked, "replaced"),
    "virtual.QoS.restore_unacked_once": (virtual.QoS.restore_unacked_once, "does nothing: restore_at_shutdown is off"),
    "Channel.close": (kombu_redis.Channel.close, "called"),
    "Transport._deliver": (virtual.Transport._deliver, "called"),
    "RedBeatScheduler.maybe_due": (redbeat.schedulers.RedBeatScheduler.maybe_due, "replaced"),
    "RedBeatScheduler.tick": (redbeat.schedulers.RedBeatScheduler.tick, "called"),
    "Scheduler.apply_async": (celery.beat.Scheduler.apply_async, "called"),
    "Consumer.ensure_connected": (celery_consumer.Consumer.ensure_connected, "replaced"),
}
"""Functions that we replace, copy or call against their documentation, and what for."""

DIGESTS = {
    "Channel._brpop_read": "c42518699709f2df",
    "QoS.append": "35c655f6ecc62fe6",
    "QoS.ack": "1bc15a4ddf541af6",
    "QoS.reject": "747a02434344d1a6",
    "QoS.restore_visible": "d4a4a40a3eaf9f23",
    "QoS.restore_unacked": "8954efef014d546e",
    "virtual.QoS.restore_unacked_once": "c81f3d0fb29b9599",
    "Channel.close": "101e9b9cdad44b88",
    "Transport._deliver": "799e242f3ec53863",
    "RedBeatScheduler.maybe_due": "658ad5e4da66a4ca",
    "RedBeatScheduler.tick": "ccb3b0dce9fe56c5",
    "Scheduler.apply_async": "49c1e4dc6228e61c",
    "Consumer.ensure_connected": "3f79cf3bb6d6da8c",
}
"""The beginning of the sha256 of their sources, as they were read."""


@pytest.mark.parametrize("package", ["kombu", "celery"])
def test_release_is_the_reviewed_one(package: str) -> None:
    assert version(package).startswith("5.7."), f"{package} {version(package)}: review worker/fleet/transport first"


def test_replies_of_redis_are_read_in_c() -> None:
    assert redis.connection.DefaultParser.__name__ == "_HiredisParser"


@pytest.mark.parametrize("name", REVIEWED)
def test_source_is_the_reviewed_one(name: str) -> None:
    function, what_for = REVIEWED[name]
    source = inspect.getsource(function)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == DIGESTS[name], (
        f"{name} has changed; we have it {what_for}. Read worker/fleet/transport against it, then put its digest here"
    )
