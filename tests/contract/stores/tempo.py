"""Tempo: the server made from its documentation, in three forms, opened as a deployment opens it.

A metadata value that is null has no form in OpenTelemetry's attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from assay.worker.ports.store import StoreContext
from assay.worker.records.scores import Score
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.tempo.factory import FACTORY, TempoSection, TempoVariables
from tests.contract.stores import Bench
from tests.servers.span_store_filled import FilledSpanStore
from tests.servers.tempo.server import TempoServer, TempoSettings

NOTE = "tempo.url"
SECTION = TempoSection(tenant="team-a", search_limit=1000, requests_per_minute=10_000_000)
"""1,000 traces in an answer: the suite lists 1,300, of which 700 begin together."""


def served(settings: TempoSettings, shown_after_s: float = 0.0) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with TempoServer(settings) as server:
            server.kept.shown_after_s = shown_after_s
            (directory / NOTE).write_text(server.url)
            yield

    return serve


def open_in(directory: Path) -> FilledSpanStore:
    url = (directory / NOTE).read_text()
    context = StoreContext(home=directory, data_dir=directory, limits=MemoryLimits(), embedded_kind="none")
    store = FACTORY.open(SECTION, TempoVariables(url=url, otlp_endpoint=url), context)
    return FilledSpanStore(store, url)


def without_nulls(score: Score) -> Score:
    known = {key: value for key, value in score.metadata.items() if value is not None}
    return score.model_copy(update={"metadata": known})


BENCHES = {
    "tempo": Bench(serve=served(TempoSettings()), open=open_in, score_as_shown=without_nulls),
    "tempo-2.5": Bench(  # the older route for traces; and what was written is shown late
        serve=served(TempoSettings(has_v2=False), shown_after_s=0.1),
        open=open_in,
        score_as_shown=without_nulls,
        is_variant=True,
    ),
}
