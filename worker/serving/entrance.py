"""Who may read: a token, the cookie that stands for it in a browser, and a limit on guesses."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Literal

from pydantic import SecretStr

COOKIE = "assay_serve"
SESSION_S = 12 * 3600
"""How long a browser stays in."""

WITHIN_S = 60.0
MOST_OF_PEER, MOST_OF_ALL = 5, 100
"""Wrong tokens within a minute, from one address and from all, after which nobody of them is heard for a while."""

_MOST_PEERS = 4096

Login = Literal["in", "wrong", "wait"]


class WrongTokens:
    """Remembers wrong tokens of the last minute."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._all: deque[float] = deque()
        self._peers: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, peer: str) -> None:
        """One more from this address."""
        at = self._now()
        self._all.append(at)
        self._peers.setdefault(peer, deque()).append(at)
        self._peers.move_to_end(peer)
        if len(self._peers) > _MOST_PEERS:
            self._peers.popitem(last=False)

    def too_many(self, peer: str) -> bool:
        """Whether this address has to wait."""
        own = self._peers.get(peer, deque())
        for times in (own, self._all):
            while times and times[0] <= self._now() - WITHIN_S:
                times.popleft()
        return len(own) >= MOST_OF_PEER or len(self._all) >= MOST_OF_ALL


class Entrance:
    """Lets readers in. Without a token everybody who reaches the page is one."""

    def __init__(
        self,
        token: SecretStr | None,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know the token.

        Args:
            token: what readers must know. None: nothing.
            now: Unix time.
            monotonic: a clock that only goes forward.
        """
        self._token = None if token is None else token.get_secret_value().encode()
        self._now = now
        self._wrong = WrongTokens(now=monotonic)

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for."""
        return self._token is None

    def log_in(self, peer: str, given: str) -> Login:
        """Whether this is the token. An address with many wrong ones is not heard, whatever it gives."""
        if self._token is None:
            return "in"
        if self._wrong.too_many(peer):
            return "wait"
        if hmac.compare_digest(_digest(given.encode("utf-8", "replace")), _digest(self._token)):
            return "in"
        self._wrong.note(peer)
        return "wrong"

    def pass_for_browser(self) -> str:
        """What a browser's cookie says: until when, and a proof that only who knows the token can make."""
        until = str(int(self._now()) + SESSION_S)
        return f"{until}.{self._proof(until)}"

    def knows(self, cookie: str) -> bool:
        """Whether a cookie is one of ours, and not too old."""
        until, _, proof = cookie.partition(".")
        is_ours = hmac.compare_digest(proof.encode("utf-8", "replace"), self._proof(until).encode())
        return self._token is not None and is_ours and until.isascii() and until.isdigit() and self._now() < int(until)

    def _proof(self, until: str) -> str:
        message = f"{COOKIE}:{until}".encode("utf-8", "replace")
        return hmac.new(self._token or b"", message, hashlib.sha256).hexdigest()


def _digest(text: bytes) -> bytes:
    """So that a comparison takes as long for a token of any length."""
    return hashlib.sha256(text).digest()
