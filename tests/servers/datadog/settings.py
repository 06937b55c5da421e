"""Which Datadog a server is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatadogSettings:
    """How the server takes and shows things where the documentation leaves it open.

    Attributes:
        takes_words: whether `filter.query` finds anything.
        shows_metadata: whether evaluations are listed with their metadata. One of the vendor's own clients knows none.
        start_in_ms: whether `start_ns` holds milliseconds, as in the documentation's example.
        newest_span_s: spans older than this are refused; None: any are taken. Datadog says 24 hours.
        metrics_taken: of one request, the others are lost: a partial success. None: all.
        searches_in_all: searches that pass before 429; None: all.
        times_out: every search says that it ran out of time, and gives half.
    """

    takes_words: bool = True
    shows_metadata: bool = True
    start_in_ms: bool = False
    newest_span_s: float | None = None
    metrics_taken: int | None = None
    searches_in_all: int | None = None
    times_out: bool = False
    api_key: str = "dd-api-key-of-the-contract"
    app_key: str = "dd-app-key-of-the-contract"
