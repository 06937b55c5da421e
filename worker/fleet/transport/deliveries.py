"""What this process has in hand of the broker's messages, noted at the broker by the broker's own clock.

Keys (Celery's own, under its prefix):
    QUEUE           list of waiting messages
    unacked         hash: delivery tag → the message in hand, as JSON [message, exchange, queue]
    unacked_index   sorted set of delivery tags by the moment their holder last told that it lives

A delivery that nobody renews goes back into its queue. Two processes may never compare their own clocks for that, so
all moments are the server's. The connections here are not the one that waits for messages: they stay usable while that
one is lost and found again, so that work in hand is acknowledged whenever it ends.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
import structlog
from redis.exceptions import RedisError

from assay.worker.fleet.transport.envelope import MOST_BYTES, Envelope, NotOurs, checked, digest, read_envelope
from assay.worker.fleet.transport.in_hand import InHand
from assay.worker.state.redis.pulse import DROPPED_KEY

NO_ANSWER = (RedisError, OSError)
"""What a broker that is away, hangs, is full, is a replica or refuses comes to."""

SILENCE_S = 12
"""Nobody has renewed anything for three renewals: the server was away. The living get time to renew before anything is
taken from them."""

RESTORED_AT_ONCE = 50
"""Deliveries that one look gives back. The next look is 3 s away."""

MOST_UNSENT = 10_000
"""Acknowledgements that wait for the broker. Beyond that the oldest is forgotten: its message comes again, and the
ledger says that its work is done."""

_NOTE = """
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%d.%06d', tonumber(t[1]), tonumber(t[2])), ARGV[1])
"""
"""A delivery is in hand. KEYS: unacked, unacked_index. ARGV: tag, message."""

_OVERDUE = """
local t = redis.call('TIME')
local now = tonumber(t[1])
local renewed = tonumber(redis.call('GET', KEYS[3]) or '')
if not renewed or now - renewed > tonumber(ARGV[3]) or redis.call('EXISTS', KEYS[4]) == 1 then return {} end
local tags = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[1]), 'LIMIT', 0, tonumber(ARGV[2]))
local found = {}
for _, tag in ipairs(tags) do
  if redis.call('HEXISTS', KEYS[1], tag) == 0 then
    redis.call('ZREM', KEYS[2], tag)
  elseif redis.call('HSTRLEN', KEYS[1], tag) > tonumber(ARGV[4]) then
    found[#found + 1] = tag
    found[#found + 1] = ''
  else
    found[#found + 1] = tag
    found[#found + 1] = redis.call('HGET', KEYS[1], tag)
  end
end
return found
"""
"""Deliveries whose holder was silent too long. KEYS: unacked, unacked_index, renewed, grace. ARGV: visibility time-out,
limit, silence, most bytes. Returns tags and messages; an empty message is too large to be one."""

_GIVE_BACK = """
local t = redis.call('TIME')
local seen = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or '0')
if ARGV[4] ~= '' and seen > tonumber(t[1]) - tonumber(ARGV[4]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[2] ~= '' then redis.call('RPUSH', ARGV[2], ARGV[3]) end
return 1
"""
"""Put a delivery back where the next one is taken from, once. KEYS: unacked, unacked_index. ARGV: tag, key of the queue
('' = drop it), message, visibility time-out ('' = its holder gives it back itself)."""

log = structlog.get_logger(__name__)


class BrokerDeliveries:
    """The broker's side of what is in hand. Methods may be called from any thread.

    Args:
        client: a client of its own, with bounded waiting.
        prefix: of all of the broker's keys.
        tasks: the names of our tasks.
        queues: the names of our queues.
        visibility_timeout_s: after so many seconds without renewal a delivery goes back.
        in_hand: what this process holds.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        prefix: str,
        tasks: frozenset[str],
        queues: frozenset[str],
        visibility_timeout_s: int,
        in_hand: InHand,
    ) -> None:
        self.client = client
        self._prefix = prefix
        self._tasks, self._queues = tasks, queues
        self._visibility_timeout_s = visibility_timeout_s
        self.in_hand = in_hand
        self._unsent: deque[Callable[[], object]] = deque(maxlen=MOST_UNSENT)
        self._is_told = False
        self._keys = [f"{prefix}unacked", f"{prefix}unacked_index"]
        self._overdue_keys = [*self._keys, f"{prefix}state:renewed", f"{prefix}state:grace"]
        self._note, self._overdue, self._give_back = (
            client.register_script(script) for script in (_NOTE, _OVERDUE, _GIVE_BACK)
        )

    def read(self, queue: str, raw: bytes) -> Envelope | None:
        """A message as it was taken. None: it was none of ours, and is dropped and told."""
        try:
            return read_envelope(raw, self._tasks)
        except NotOurs as exc:
            self.tell_dropped(str(exc), queue, raw)
            return None

    def note(self, tag: str, queue: str, message: dict[str, Any], *, limit_s: float) -> None:
        """Note at the broker that a delivery is in hand.

        Raises:
            RedisError, OSError: it could not be. The message goes back into its queue as soon as that is possible.
        """
        text = json.dumps(message)
        try:
            self._note(keys=self._keys, args=[tag, json.dumps([message, "", queue])])
        except NO_ANSWER:
            self._unsent.append(lambda: self.client.rpush(f"{self._prefix}{queue}", text))
            raise
        self.in_hand.take(tag, queue=queue, message=text, limit_s=limit_s)

    def put_back(self, queue: str, raw: bytes) -> None:
        """Put a message back as it was taken, to be taken next."""
        self._send(lambda: self.client.rpush(f"{self._prefix}{queue}", raw))

    def acknowledge(self, tag: str) -> None:
        """A delivery's work has ended; nothing where that is known. A broker that is away is told later."""
        if self.in_hand.end(tag) is None:
            return

        def send() -> None:
            pipe = self.client.pipeline(transaction=False)
            pipe.hdel(self._keys[0], tag)
            pipe.zrem(self._keys[1], tag)
            pipe.execute()

        self._send(send)

    def give_back(self, tag: str) -> None:
        """Put a delivery back, to be taken next. A broker that is away is told later."""
        held = self.in_hand.end(tag)
        if held is not None and held.queue:
            key = f"{self._prefix}{held.queue}"
            self._send(lambda: self._give_back(keys=self._keys, args=[tag, key, held.message, ""]))

    def restore_overdue(self) -> int:
        """Send what waits for the broker, and put back what nobody has renewed. Returns how many of these there were.

        Nothing is raised: a broker that does not answer is met again by whoever waits for messages.
        """
        restored = 0
        with self._outages_told():
            while self._unsent:
                self._unsent[0]()
                self._unsent.popleft()
            limits = [self._visibility_timeout_s, RESTORED_AT_ONCE, SILENCE_S, 2 * MOST_BYTES]
            overdue = self._overdue(keys=self._overdue_keys, args=limits)
            for i in range(0, len(overdue), 2):
                restored += self._restore(overdue[i], overdue[i + 1])
        return restored

    def tell_dropped(self, reason: str, queue: str, raw: bytes | str) -> None:
        """Log and count a message that is dropped, without its content."""
        shown = queue if queue in self._queues else "?"
        log.error("message.dropped", reason=reason, queue=shown, bytes=len(raw), digest=digest(raw))
        key = f"{self._prefix}state:{DROPPED_KEY}"
        with self._outages_told():
            pipe = self.client.pipeline(transaction=False)
            pipe.hincrby(key, reason, 1)
            pipe.expire(key, 7 * 24 * 3600)
            pipe.execute()

    def _restore(self, tag: bytes, noted: bytes) -> int:
        queue, message = self._noted(noted)
        key = f"{self._prefix}{queue}" if queue else ""
        return int(self._give_back(keys=self._keys, args=[tag, key, message, self._visibility_timeout_s]))

    def _noted(self, noted: bytes) -> tuple[str, str]:
        """Queue and message of a noted delivery; empty where it is none of ours."""
        try:
            message, _, queue = json.loads(noted)
            envelope = checked(message, self._tasks)
            if queue not in self._queues:
                self.tell_dropped("unknown_queue", "?", noted)
                return "", ""
        except NotOurs as exc:
            self.tell_dropped(str(exc), "?", noted)
        except (ValueError, TypeError, RecursionError):
            self.tell_dropped("too_large" if not noted else "not_a_delivery", "?", noted)
        else:
            return queue, json.dumps(envelope.as_kombu(queue, str(uuid.uuid4())))
        return "", ""

    def _send(self, command: Callable[[], object]) -> None:
        try:
            command()
        except NO_ANSWER as exc:
            self._unsent.append(command)
            self._tell(exc)

    @contextmanager
    def _outages_told(self) -> Iterator[None]:
        try:
            yield
            self._is_told = False
        except NO_ANSWER as exc:
            self._tell(exc)

    def _tell(self, exc: Exception) -> None:
        """Once for each outage: the consumer tells it too."""
        if not self._is_told:
            self._is_told = True
            log.warning("broker.not_told", error=type(exc).__name__, waiting=len(self._unsent))
