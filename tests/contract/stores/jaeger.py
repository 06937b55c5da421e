"""Jaeger: the server made from its API's definition, over two kinds of storage, opened as a deployment opens it.

A metadata value that is null has no form in OpenTelemetry's attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from assay.worker.ports.store import StoreContext
from assay.worker.records.scores import Score
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.jaeger.factory import FACTORY, JaegerSection, JaegerVariables
from tests.contract.stores import Bench
from tests.servers.jaeger.server import JaegerServer, JaegerSettings
from tests.servers.span_store_filled import FilledSpanStore

NOTE = "jaeger.url"
SECTION = JaegerSection(search_depth=500, requests_per_minute=10_000_000)


def served(settings: JaegerSettings) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with JaegerServer(settings) as server:
            (directory / NOTE).write_text(server.url)
            yield

    return serve


def open_in(directory: Path) -> FilledSpanStore:
    url = (directory / NOTE).read_text()
    context = StoreContext(home=directory, data_dir=directory, limits=MemoryLimits(), embedded_kind="none")
    store = FACTORY.open(SECTION, JaegerVariables(url=url, otlp_endpoint=url), context)
    return FilledSpanStore(store, url, {"service.name": "support-bot"})


def without_nulls(score: Score) -> Score:
    known = {key: value for key, value in score.metadata.items() if value is not None}
    return score.model_copy(update={"metadata": known})


BENCHES = {
    "jaeger": Bench(serve=served(JaegerSettings()), open=open_in, score_as_shown=without_nulls),
    "jaeger-cassandra": Bench(
        serve=served(JaegerSettings(counts_spans=True, in_parts=True)),
        open=open_in,
        score_as_shown=without_nulls,
        is_variant=True,
    ),
}
