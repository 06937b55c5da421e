"""Requests of one process to one model, until a batch is made of them."""

from __future__ import annotations

import secrets

from assay.judges.models.endpoint_settings import EndpointSettings
from assay.worker.flow.batch_calls.terms import Terms

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
    """What will be one batch. Its tag is ours, and goes with it. For each call it keeps on what terms it is asked."""

    def __init__(self, endpoint: str, model: str) -> None:
        """Begin, with nothing gathered."""
        self.endpoint = endpoint
        self.model = model
        self.tag = f"assay-{secrets.token_hex(12)}"
        self.bodies: dict[str, bytes] = {}
        self.places: dict[str, EndpointSettings] = {}
        self.askers: dict[str, list[Terms | None]] = {}
        self._bytes = 0
        self._began = self._added = 0.0

    def add(self, key: str, body: bytes, *, now: float, place: EndpointSettings, terms: Terms | None) -> None:
        """A further request, at a moment of the loop's clock.

        Args:
            key: of the call.
            body: what is sent.
            now: seconds.
            place: the endpoint that the body was made for.
            terms: on which it is asked. None: there are none.
        """
        if not self.bodies:
            self._began = now
        self._added = now
        self.bodies[key] = body
        self.places[key] = place
        self._bytes += len(body)
        self.join(key, terms)

    def join(self, key: str, terms: Terms | None) -> None:
        """Somebody else asks the same."""
        askers = self.askers.setdefault(key, [])
        if terms not in askers:
            askers.append(terms)

    @property
    def is_full(self) -> bool:
        """Whether it is to be sent at once."""
        return len(self.bodies) >= MOST_REQUESTS or self._bytes >= MOST_BYTES

    def is_due(self, now: float) -> bool:
        """Whether something is here, and nothing was added for a while or it has lain here for long."""
        if not self.bodies:
            return False
        return now - self._added >= IDLE_S or now - self._began >= LONGEST_S
