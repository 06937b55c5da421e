"""An MLflow server for tests: what the real one (3.17.2) answers on the routes that the store uses, and no more."""

from __future__ import annotations

from tests.servers.mlflow.server import MlflowServer

__all__ = ["MlflowServer"]
