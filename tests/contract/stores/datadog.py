"""Datadog: the server made from its documents, and one that takes no searches in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.contract.stores import Bench
from tests.servers.datadog.filled import Place, datadog_in, trace_as_shown, write_place
from tests.servers.datadog.server import DatadogServer
from tests.servers.datadog.settings import DatadogSettings

FORMS = {"datadog": DatadogSettings(), "datadog-plain": DatadogSettings(takes_words=False)}
"""Neither refuses spans older than a day, as the real intake does: the suite's traces are some days old."""


def served(settings: DatadogSettings) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with DatadogServer(settings) as server:
            write_place(directory, Place(url=server.url, api_key=settings.api_key, app_key=settings.app_key))
            yield

    return serve


BENCHES = {
    name: Bench(serve=served(settings), open=datadog_in, trace_as_shown=trace_as_shown, is_variant=name != "datadog")
    for name, settings in FORMS.items()
}
