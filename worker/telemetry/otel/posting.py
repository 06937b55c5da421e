"""Requests by OTLP over HTTP, from a thread that may wait.

What may pass is tried again, as the protocol has it, until the time-out.
"""

from __future__ import annotations

import gzip
import random
import threading
import time
import zlib
from datetime import UTC, datetime
from typing import NamedTuple

import requests
import structlog

from assay.judges.models.wait_hints import retry_after_s
from assay.judges.models.web_address import shown_address
from assay.worker.telemetry.otel.destination import Compression, Destination

RETRYABLE = frozenset({429, 502, 503, 504})
"""By the protocol's specification."""
TRIES = 6
JITTER = 0.2
GZIP_LEVEL = 4
SHORTEST_S = 0.001
"""Of a try: a wait may end a moment late, and no request takes a time-out of nothing."""
QUIET_S = 60.0
"""For so long nothing more is logged of a receiver that takes nothing."""

log = structlog.get_logger(__name__)


class _Refusal(NamedTuple):
    """Why a try came to nothing.

    Attributes:
        why: in words that hold no key.
        may_pass: whether another try makes sense.
        wait_s: before it, as the receiver asks. None: it asks for nothing.
    """

    why: str
    may_pass: bool = False
    wait_s: float | None = None


class OtlpPost:
    """Posts requests to one receiver."""

    def __init__(self, to: Destination) -> None:
        """Keep the parts. Nobody is asked yet."""
        self._to = to
        self._ends = threading.Event()
        self._quiet_until = 0.0
        self._session = requests.Session()
        self._session.headers.update({"Content-Type": "application/x-protobuf", "User-Agent": "assay"})
        if to.compression is not Compression.NONE:
            self._session.headers["Content-Encoding"] = to.compression
        self._session.headers.update(to.headers)

    def send(self, body: bytes) -> bool:
        """Whether the receiver took a request. Where it did not, the reason is logged."""
        content, until, why = self._packed(body), time.monotonic() + self._to.timeout_s, ""
        for number in range(TRIES):
            refusal = self._refusal(content, max(SHORTEST_S, until - time.monotonic()))
            if refusal is None:
                return True
            why, _, wait_s = refusal
            if wait_s is None:
                wait_s = 2**number * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret
            if not refusal.may_pass or wait_s >= until - time.monotonic() or self._ends.wait(wait_s):
                break
        self._tell(why)
        return False

    def close(self) -> None:
        """Wait for nobody any more, and close the connections."""
        self._ends.set()
        self._session.close()

    def _tell(self, why: str) -> None:
        """Log it, but not for each batch while a receiver is away."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_S
            log.warning("otel.results_not_taken", address=shown_address(self._to.url), why=why)

    def _refusal(self, content: bytes, timeout_s: float) -> _Refusal | None:
        """Try once. None: it was taken."""
        try:
            response = self._post(content, timeout_s)
        except requests.ConnectionError as exc:
            return _Refusal(type(exc).__name__, may_pass=True)
        except (requests.RequestException, OSError) as exc:  # OSError: a certificate's file is not there
            return _Refusal(type(exc).__name__)
        if response.ok:
            return None
        headers = {name.lower(): value for name, value in response.headers.items()}
        asked_s = retry_after_s(headers, datetime.now(UTC))
        return _Refusal(f"HTTP {response.status_code}", response.status_code in RETRYABLE, asked_s)

    def _post(self, content: bytes, timeout_s: float) -> requests.Response:
        """Post at once, and a second time where the connection was gone: the receiver may have closed an idle one."""
        to = self._to
        until = time.monotonic() + timeout_s
        verify, cert = to.certificate or True, to.client_certificate
        try:
            return self._session.post(to.url, content, timeout=timeout_s, verify=verify, cert=cert)
        except requests.ConnectionError:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise
            return self._session.post(to.url, content, timeout=left_s, verify=verify, cert=cert)

    def _packed(self, body: bytes) -> bytes:
        match self._to.compression:
            case Compression.GZIP:
                return gzip.compress(body, GZIP_LEVEL)
            case Compression.DEFLATE:
                return zlib.compress(body)
            case Compression.NONE:
                return body
