"""How the collector is put together: its store, the receiver, its pages, and what is forgotten after its time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.collector.counts import Counts
from assay.worker.config.collecting import Collecting, span_place
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.extras import needs_extra
from assay.worker.ports.capabilities import WithSpanIntake
from assay.worker.ports.store import Sink
from assay.worker.records.metrics import collector as metrics
from assay.worker.records.metrics.metric import Metric
from assay.worker.telemetry.http_pages import Answer, HttpPages
from assay.worker.wiring.metrics_pages import start_metrics_pages
from assay.worker.wiring.stores import StoreOpener

FORGET_EVERY_S = 600.0
"""How often it is looked for what has been kept long enough."""

TURNS_EVERY_S = 1.0
HUNG_AFTER_S = 10.0
"""A loop that has not turned for so long counts as hung."""

log = structlog.get_logger(__name__)


def check_parts() -> None:
    """Refuse to begin where the extra is not installed.

    Raises:
        ConfigurationError: names what is missing, and the remedy.
    """
    needs_extra("otlp", what="assay collector")


def check_address(settings: Settings) -> None:
    """Refuse an address that cannot be had now.

    Raises:
        ConfigurationError: names the setting, and the remedy.
    """
    from assay.worker.collector.serving import listening

    listening(settings.collector_host, settings.collector_port).close()


def collecting_of(deployment: Deployment) -> Collecting:
    """What assay.yaml says of the collector, or what holds where it says nothing."""
    return deployment.collector or Collecting()


def open_span_store(root: ConfigRoot, deployment: Deployment, settings: Settings) -> Sink:
    """The store that spans go to.

    Raises:
        ConfigurationError: none takes spans, or it cannot be opened.
    """
    try:
        place = span_place(deployment.places)
    except ValueError as exc:
        raise ConfigurationError(f"assay.yaml: {exc}") from exc
    return StoreOpener(root, deployment, settings).open(place)


async def run_collector(root: ConfigRoot, deployment: Deployment, settings: Settings) -> None:
    """Receive until told to end.

    Raises:
        ConfigurationError: the address cannot be had, or the store cannot be used.
    """
    from assay.worker.collector.app import Receiver
    from assay.worker.collector.serving import listening, serve
    from assay.worker.collector.writer import SpanWriter

    collecting, counts = collecting_of(deployment), Counts()
    store = open_span_store(root, deployment, settings)
    if not isinstance(store, WithSpanIntake):
        raise ConfigurationError("assay.yaml: collector: this store takes no spans")
    sock = listening(settings.collector_host, settings.collector_port)
    writer = SpanWriter(store)
    receiver = Receiver(store, writer, collecting, counts, token=settings.collector_token)
    pages = await asyncio.to_thread(_serve_pages, settings, counts)  # they have a loop of their own
    try:
        await store.project_id()  # makes the file, or says why it cannot be used
        writer.start()
        _tell_start(settings, collecting)
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(_keep_turning(counts)),
                tasks.create_task(_keep_forgetting(store, collecting.keep_days, counts)),
            ]
            await serve(receiver.app(), sock)
            for task in others:
                task.cancel()
    finally:
        await writer.close()
        receiver.close()
        await store.close()
        sock.close()
        if pages is not None:
            await asyncio.to_thread(pages.stop)
        log.info("collector.ended", **{f"spans_{outcome}": n for outcome, n in counts.spans.items()})


def _tell_start(settings: Settings, collecting: Collecting) -> None:
    host, port = settings.collector_host, settings.collector_port
    log.info("collector.listening", host=host, port=port, keep_days=collecting.keep_days)
    if settings.collector_token is None and host not in ("127.0.0.1", "::1", "localhost"):
        remedy = "set ASSAY_COLLECTOR_TOKEN, or put a proxy before it that asks for one"
        log.warning("collector.open_to_all", host=host, remedy=remedy)


async def _keep_turning(counts: Counts) -> None:
    while True:
        counts.turned_at = time.monotonic()
        await asyncio.sleep(TURNS_EVERY_S)


async def _keep_forgetting(store: WithSpanIntake, days: int, counts: Counts) -> None:
    """Delete what is old. A store that cannot be written now is asked again the next time."""
    while True:
        with contextlib.suppress(EvaluationError):
            forgotten = await store.forget_spans(datetime.now(UTC) - timedelta(days=days))
            counts.forgotten += forgotten
            if forgotten:
                log.info("collector.forgot", traces=forgotten, days=days)
        await asyncio.sleep(FORGET_EVERY_S)


def _serve_pages(settings: Settings, counts: Counts) -> HttpPages | None:
    """The pages of this process, as all others serve them, where the settings say where."""

    async def health(_accept: str) -> Answer:
        late_s = time.monotonic() - counts.turned_at if counts.turned_at else 0.0
        is_ok = late_s < HUNG_AFTER_S
        return _as_json({"ok": is_ok, "role": "collector", "loop_late_s": round(late_s, 3)}, is_ok=is_ok)

    return start_metrics_pages(settings, "collector", values=lambda: counted(counts), others={"/healthz": health})


def counted(counts: Counts) -> Iterable[tuple[Metric, tuple[str, ...], float]]:
    """What a scrape shows of the counts. What has not happened yet begins with 0, so that its first time is a rise."""
    for outcome in ("kept", "rejected"):
        yield metrics.SPANS, (outcome,), counts.spans[outcome]
        yield metrics.EVENTS, (outcome,), counts.events[outcome]
    for (signal, status), number in {("traces", 200): 0, **counts.requests}.items():
        yield metrics.REQUESTS, (signal, str(status)), number
    yield metrics.BYTES, (), counts.bytes
    yield metrics.STRANGE_TIMES, (), counts.strange_times
    yield metrics.FORGOTTEN, (), counts.forgotten
    yield metrics.HELD, (), counts.held_bytes
    yield metrics.OPEN, (), counts.open_requests


def _as_json(content: Mapping[str, Any], *, is_ok: bool) -> Answer:
    status = HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, "application/json", (json.dumps(content) + "\n").encode())
