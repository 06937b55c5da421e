"""kombu's Redis transport, with our own bookkeeping of what is in hand. Written for kombu 5.7, which is pinned.

What differs from kombu's:

- Moments are the server's, and a delivery has a tag of its own (`deliveries`).
- What lies in a queue is checked and written anew before Celery sees it (`envelope`). No message ends a worker.
- A lost connection gives nothing back: work in hand goes on, and its acknowledgement does not need that connection.
- Whatever Redis answers that is no answer is an outage, which is waited out: a replica, a full disk or memory, a wrong
  password no less than a refused connection. A connection counts only once the server takes what work needs.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from queue import Empty
from typing import Any

import redis
import structlog
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.transport import redis as kombu_redis
from kombu.utils.encoding import bytes_to_str

from assay.worker.config.redis_probe import probe_commands
from assay.worker.fleet.transport.deliveries import NO_ANSWER, BrokerDeliveries
from assay.worker.fleet.transport.in_hand import InHand

ANSWER_WITHIN_S = 5.0
"""For one acknowledgement or look at what is overdue. The thread that waits for it takes no message meanwhile."""

CONNECTIONS = 4
"""Of the deliveries' own client. One thread acknowledges, one more may give back while the process ends."""

IN_HAND = InHand()
"""What this process has in hand."""

for _scheme in ("redis", "rediss"):
    TRANSPORT_ALIASES[_scheme] = f"{__name__}:Transport"

log = structlog.get_logger(__name__)

_of_process: dict[str, BrokerDeliveries] = {}


def deliveries_of_process() -> BrokerDeliveries | None:
    """The broker's side of what is in hand. None before the first connection."""
    return next(iter(_of_process.values()), None)


class QoS(kombu_redis.QoS):
    """What a channel has delivered. Acknowledging, giving back and restoring need no connection of the channel's."""

    restore_at_shutdown = False

    def append(self, message: Any, delivery_tag: str) -> None:
        """A message is in hand. `Channel.take` has noted it at the broker."""
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Its work has ended."""
        self.channel.deliveries.acknowledge(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  # as kombu has it
        """It is refused: dropped, or given back."""
        if requeue:
            self.channel.deliveries.give_back(delivery_tag)
        else:
            self.channel.deliveries.acknowledge(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)

    def restore_visible(self, *_: Any, **__: Any) -> None:
        """Give back what nobody has renewed, here or in a process that died."""
        self.channel.deliveries.restore_overdue()

    def restore_unacked(self, client: Any = None) -> None:
        """Nothing: what is in hand is still being worked on. The end of the process gives it back by itself."""
        self._delivered.clear()


class Channel(kombu_redis.Channel):
    """A channel whose messages are ours or dropped."""

    QoS = QoS
    from_transport_options: tuple[str, ...] = (  # type: ignore[assignment]  # kombu's is as long as its own
        *kombu_redis.Channel.from_transport_options,
        *("our_tasks", "our_queues", "in_hand_limit_s"),
    )
    our_tasks: frozenset[str] = frozenset()
    our_queues: frozenset[str] = frozenset()
    in_hand_limit_s = 180.0

    @property
    def deliveries(self) -> BrokerDeliveries:
        """The process's, made by the first channel that needs it. It outlives every channel."""
        known = _of_process.get(self.global_keyprefix)
        return known or _of_process.setdefault(self.global_keyprefix, self._new_deliveries())

    def probe(self) -> None:
        """See that the server takes what work needs.

        Raises:
            RedisError, OSError: it does not.
        """
        # A client without kombu's prefix, as that of the deliveries.
        pipe = self.deliveries.client.pipeline(transaction=False)
        for command in probe_commands(self.global_keyprefix, sorted(self.our_queues)):
            pipe.execute_command(*command)
        pipe.execute()

    def take(self, queue: str, raw: bytes) -> None:
        """Deliver what was taken from a queue, or drop it. A channel that closes puts it back."""
        if self._closing or queue not in self.connection._callbacks:  # noqa: SLF001  # no other way to ask
            self.deliveries.put_back(queue, raw)
            return
        envelope = self.deliveries.read(queue, raw)
        if envelope is None:
            return
        tag = uuid.uuid4().hex
        message = envelope.as_kombu(queue, tag)
        self.deliveries.note(tag, queue, message, limit_s=self.in_hand_limit_s)
        try:
            self.connection._deliver(message, queue)  # noqa: SLF001  # as kombu's own
        except NO_ANSWER:
            self.deliveries.give_back(tag)
            raise
        except Exception:  # a message that Celery stumbles over must not end the worker, nor come again
            log.exception("message.not_delivered", task=envelope.task, queue=queue)
            self.deliveries.acknowledge(tag)

    def _brpop_read(self, **options: Any) -> bool:
        """As kombu's own, but for what is done with the message."""
        try:
            try:
                answer = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            if not answer:
                raise Empty
            key, raw = answer
            queue = bytes_to_str(key).rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            self.take(queue, raw)
            return True
        finally:
            self._in_poll = None  # type: ignore[assignment]  # it holds a connection, or nothing

    def close(self) -> None:
        """Let go of the connections. What a reply still brings goes back into its queue."""
        self._closing = True
        if self._in_poll:
            with suppress(Empty, *NO_ANSWER):
                self._brpop_read()
        with suppress(*NO_ANSWER, AttributeError):
            super().close()

    def _new_deliveries(self) -> BrokerDeliveries:
        parameters = self._connparams()
        for name in ("max_connections", "socket_timeout"):
            parameters.pop(name, None)
        pool = redis.BlockingConnectionPool(
            max_connections=CONNECTIONS, timeout=ANSWER_WITHIN_S, socket_timeout=ANSWER_WITHIN_S, **parameters
        )
        return BrokerDeliveries(
            redis.Redis(connection_pool=pool),
            prefix=self.global_keyprefix,
            tasks=self.our_tasks,
            queues=self.our_queues,
            visibility_timeout_s=self.visibility_timeout,
            in_hand=IN_HAND,
        )


class Transport(kombu_redis.Transport):
    """A connection that stands once the server takes what work needs, and is lost by whatever it refuses."""

    Channel = Channel
    connection_errors = (*kombu_redis.Transport.connection_errors, *NO_ANSWER)

    def establish_connection(self) -> Any:
        """Connect.

        Raises:
            RedisError, OSError: the server is away, or does not take what work needs.
        """
        connection = super().establish_connection()
        try:
            self._avail_channels[-1].probe()
        except NO_ANSWER:
            self.close_connection(connection)
            raise
        return connection
