"""Phoenix: the small server made after it, and the real one where `make test-stores` names its environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.stores import Bench
from tests.servers.phoenix import PhoenixServer
from tests.servers.phoenix.filled import Place, phoenix_in, write_place
from tests.stores import environment_of
from tests.stores.phoenix.server import lasting_phoenix

ENVIRONMENT = environment_of("phoenix")


@contextmanager
def small(directory: Path) -> Iterator[None]:
    with PhoenixServer() as server:
        write_place(directory, Place(url=server.url))
        yield


@contextmanager
def real(directory: Path) -> Iterator[None]:
    assert ENVIRONMENT is not None
    write_place(directory, Place(url=lasting_phoenix(ENVIRONMENT)))
    yield


BENCHES = {"phoenix": Bench(serve=small, open=phoenix_in)} | (
    {"phoenix-real": Bench(serve=real, open=phoenix_in)} if ENVIRONMENT else {}
)
