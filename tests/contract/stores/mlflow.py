"""MLflow: a server that answers as the real one was seen to, and the real one where `make test-stores` installed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.worker.records.traces import TraceRoot
from tests.contract.stores import Bench
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow.filled import Place, mlflow_in, write_place
from tests.stores import environment_of
from tests.stores.mlflow.server import lasting_mlflow

REAL = environment_of("mlflow")
"""The environment in which `make test-stores` installed the real one."""


@contextmanager
def contract_server(directory: Path) -> Iterator[None]:
    with MlflowServer() as server:
        write_place(directory, Place(url=server.url))
        yield


@contextmanager
def real(directory: Path) -> Iterator[None]:
    assert REAL is not None
    write_place(directory, Place(url=lasting_mlflow(REAL)))
    yield


def root_as_shown(root: TraceRoot) -> TraceRoot:
    """MLflow lists traces without their spans: id and name of the root's span are not there."""
    return root.model_copy(update={"observation_id": "", "name": ""})


BENCHES = {"mlflow": Bench(serve=contract_server, open=mlflow_in, root_as_shown=root_as_shown)} | (
    {"mlflow-real": Bench(serve=real, open=mlflow_in, root_as_shown=root_as_shown)} if REAL else {}
)
