"""LangSmith: the server made from its documents, with its newer query and with its older one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.contract.stores import Bench
from tests.servers.langsmith.filled import (
    PROJECT,
    Place,
    langsmith_in,
    score_as_shown,
    trace_as_shown,
    write_place,
)
from tests.servers.langsmith.server import LangSmithServer
from tests.servers.langsmith.settings import LangSmithSettings

FORMS = {
    "langsmith": LangSmithSettings(),
    "langsmith-older": LangSmithSettings(generation="older", gone_status=404),
}


def served(settings: LangSmithSettings) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with LangSmithServer(settings) as server:
            server.session(PROJECT)
            write_place(directory, Place(url=server.url, key=settings.key))
            yield

    return serve


BENCHES = {
    name: Bench(
        serve=served(settings),
        open=langsmith_in,
        trace_as_shown=trace_as_shown,
        score_as_shown=score_as_shown,
        is_variant=name != "langsmith",
    )
    for name, settings in FORMS.items()
}
