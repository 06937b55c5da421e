"""The deliveries that this process has in hand."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass


@dataclass
class Delivery:
    """A message that this process has taken.

    Attributes:
        queue: where it was taken from.
        message: as it goes back there.
        owner: under which name it holds entries of the ledger.
        until: until when it is renewed, by this process' steady clock.
        has_begun: a thread works on it.
    """

    queue: str
    message: str
    owner: str
    until: float
    has_begun: bool = False


class InHand:
    """The deliveries of this process: from the moment they are taken until they are acknowledged or given back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Delivery] = {}

    def take(self, tag: str, *, queue: str, message: str, limit_s: float) -> None:
        """A delivery was taken from its queue. It is renewed for `limit_s` at most."""
        with self._lock:
            self._held[tag] = Delivery(queue, message, uuid.uuid4().hex, time.monotonic() + limit_s)

    def begin(self, tag: str, *, limit_s: float) -> str | None:
        """Its work begins, and may take `limit_s`.

        Returns:
            The name under which it holds entries of the ledger. Every delivery has one of its own, so that a message
            that comes again while the first still runs is told from it. None: it was given back.
        """
        with self._lock:
            held = self._held.get(tag)
            if held is None:
                return None
            held.has_begun, held.until = True, time.monotonic() + limit_s
            return held.owner

    def end(self, tag: str) -> Delivery | None:
        """It is acknowledged or given back."""
        with self._lock:
            return self._held.pop(tag, None)

    def alive(self) -> tuple[list[str], list[str]]:
        """Tags and owners of what is in hand and within its time."""
        now = time.monotonic()
        with self._lock:
            held = [(tag, delivery.owner) for tag, delivery in self._held.items() if delivery.until > now]
        return [tag for tag, _ in held], [owner for _, owner in held]

    def tags(self, *, waiting_only: bool = False) -> list[str]:
        """Tags of everything in hand, or of what no thread has begun."""
        with self._lock:
            return [tag for tag, delivery in self._held.items() if not (waiting_only and delivery.has_begun)]
