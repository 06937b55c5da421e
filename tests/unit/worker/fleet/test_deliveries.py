"""What a process has in hand, against a real server: noted, acknowledged, given back, taken from the silent alone."""

from __future__ import annotations

import json
import time

import pytest
import redis

from assay.worker.fleet.names import TASKS
from assay.worker.fleet.transport.deliveries import BrokerDeliveries
from assay.worker.fleet.transport.envelope import Envelope
from assay.worker.fleet.transport.in_hand import InHand
from assay.worker.launch.broker import Broker

OURS = Envelope(task="assay.assess", id="0b5d8f7e-2f0e-4c3a-9a5e-6f1f6f2b9a11", arguments=({"v": 1},))


class Side:
    """One process's view of the broker."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self.client = redis.Redis.from_url(broker.url)
        self.prefix = prefix
        self.deliveries = BrokerDeliveries(
            self.client,
            prefix=prefix,
            tasks=TASKS,
            queues=frozenset({"assess"}),
            visibility_timeout_s=20,
            in_hand=InHand(),
        )

    def take(self, tag: str) -> None:
        self.deliveries.note(tag, "assess", OURS.as_kombu("assess", tag), limit_s=60)

    def silent_for(self, tag: str, seconds: float) -> None:
        self.client.zadd(f"{self.prefix}unacked_index", {tag: time.time() - seconds})

    def somebody_lives(self) -> None:
        self.client.set(f"{self.prefix}state:renewed", time.time())

    @property
    def waiting(self) -> int:
        return int(self.client.llen(f"{self.prefix}assess"))

    @property
    def held(self) -> int:
        return int(self.client.hlen(f"{self.prefix}unacked"))


@pytest.fixture
def side(broker: Broker, key_prefix: str) -> Side:
    return Side(broker, key_prefix)


def test_delivery_is_held_until_it_is_acknowledged(side: Side) -> None:
    side.take("tag-1")
    assert (side.held, side.waiting) == (1, 0)
    owner = side.deliveries.in_hand.begin("tag-1", limit_s=60)
    assert side.deliveries.in_hand.alive() == (["tag-1"], [owner])
    side.deliveries.acknowledge("tag-1")
    side.deliveries.acknowledge("tag-1")
    assert (side.held, side.waiting) == (0, 0)
    assert side.deliveries.in_hand.alive() == ([], [])


def test_delivery_that_is_given_back_lies_in_its_queue_once(side: Side) -> None:
    side.take("tag-1")
    side.deliveries.give_back("tag-1")
    side.deliveries.give_back("tag-1")
    assert (side.held, side.waiting) == (0, 1)
    assert side.deliveries.in_hand.begin("tag-1", limit_s=60) is None, "it is somebody else's now"


def test_only_the_silent_lose_what_they_hold(side: Side, broker: Broker) -> None:
    side.take("living")
    side.take("dead")
    side.somebody_lives()
    side.silent_for("dead", 25)
    other = Side(broker, side.prefix)
    assert other.deliveries.restore_overdue() == 1
    assert other.deliveries.restore_overdue() == 0
    assert (side.held, side.waiting) == (1, 1)
    message = json.loads(side.client.lindex(f"{side.prefix}assess", 0))  # type: ignore[arg-type]
    assert message["headers"]["task"] == "assay.assess"
    assert message["properties"]["delivery_tag"] != "dead", "another delivery has another tag"


def test_after_the_server_was_away_nobody_loses_anything(side: Side) -> None:
    side.take("tag-1")
    side.silent_for("tag-1", 45)
    assert side.deliveries.restore_overdue() == 0, "nobody has renewed since the start"
    side.client.set(f"{side.prefix}state:renewed", time.time() - 45)
    assert side.deliveries.restore_overdue() == 0, "nobody could"
    side.somebody_lives()
    side.client.set(f"{side.prefix}state:grace", 1)
    assert side.deliveries.restore_overdue() == 0, "the living get time"
    side.client.delete(f"{side.prefix}state:grace")
    assert side.deliveries.restore_overdue() == 1


def test_machine_with_a_wrong_clock_takes_nothing_from_the_living(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.take("tag-1")
    side.somebody_lives()
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert side.deliveries.restore_overdue() == 0
    side.take("tag-2")
    assert float(side.client.zscore(f"{side.prefix}unacked_index", "tag-2")) < 3e9  # type: ignore[arg-type]


def test_what_could_not_be_told_is_told_later(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.take("done")
    side.take("undone")

    def away(*_: object, **__: object) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(redis.ConnectionPool, "get_connection", away)
        side.deliveries.acknowledge("done")
        side.deliveries.give_back("undone")
        with pytest.raises(redis.ConnectionError):
            side.take("popped")
        assert side.deliveries.restore_overdue() == 0
    assert side.held == 2
    side.deliveries.restore_overdue()
    assert (side.held, side.waiting) == (0, 2)
