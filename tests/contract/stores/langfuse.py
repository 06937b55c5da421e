"""Langfuse: the fake server in three forms, and a real one where `make test-langfuse` names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.contract.stores import Bench
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse_filled import REAL, Place, langfuse_in, write_place

FORMS = {
    "langfuse-v4": LangfuseSettings(),
    "langfuse-4.59": LangfuseSettings(score_body="list"),
    "langfuse-dual": LangfuseSettings(generation="dual"),
}


def faked(settings: LangfuseSettings) -> Callable[[Path], AbstractContextManager[None]]:
    @contextmanager
    def serve(directory: Path) -> Iterator[None]:
        with LangfuseServer(settings) as server:
            place = Place(url=server.url, public_key=server.public_key, secret_key=server.secret_key)
            write_place(directory, place)
            yield

    return serve


@contextmanager
def real(directory: Path) -> Iterator[None]:
    assert REAL is not None
    write_place(directory, REAL)
    yield


BENCHES = {
    name: Bench(serve=faked(settings), open=langfuse_in, writes_apart_s=1.05) for name, settings in FORMS.items()
} | ({"langfuse-real": Bench(serve=real, open=langfuse_in, writes_apart_s=1.05)} if REAL else {})
