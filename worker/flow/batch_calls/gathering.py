"""Requests of one process to one model, until a batch is made of them."""

from __future__ import annotations

import secrets

LOOK_EVERY_S = 1.0
"""Seconds between two looks at what was gathered."""

IDLE_S = 20.0
"""Seconds without a further request after which a batch is sent."""

LONGEST_S = 120.0
"""Seconds after which a batch is sent in any case: what is in memory is lost if the process dies."""

MOST_REQUESTS = 2_000
"""Requests in one batch. Providers take 50,000 and more; this many are some 16 MB."""

MOST_BYTES = 32 * 1_048_576
"""Bytes of requests in one batch, of which two copies lie in memory while it is sent."""


class Gathering:
    """What will be one batch. Its tag is ours, and goes with it."""

    def __init__(self, endpoint: str, model: str) -> None:
        """Begin, with nothing gathered."""
        self.endpoint = endpoint
        self.model = model
        self.tag = f"assay-{secrets.token_hex(12)}"
        self.bodies: dict[str, bytes] = {}
        self._bytes = 0
        self._began = self._added = 0.0

    def add(self, key: str, body: bytes, *, now: float) -> None:
        """A further request, at a moment of the loop's clock."""
        if not self.bodies:
            self._began = now
        self._added = now
        self.bodies[key] = body
        self._bytes += len(body)

    @property
    def is_full(self) -> bool:
        """Whether it is to be sent at once."""
        return len(self.bodies) >= MOST_REQUESTS or self._bytes >= MOST_BYTES

    def is_due(self, now: float) -> bool:
        """Whether something is here, and nothing was added for a while or it has lain here for long."""
        if not self.bodies:
            return False
        return now - self._added >= IDLE_S or now - self._began >= LONGEST_S
