"""A real MLflow on the loopback, one for a test session."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.stores.servers import for_the_session, free_port


@cache
def lasting_mlflow(environment: Path) -> str:
    """The base URL of an MLflow with an empty SQLite database, which ends with the session."""
    port = free_port()
    command = [
        str(environment / "bin" / "mlflow"),
        "server",
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "./artifacts"),
    ]
    url = f"http://127.0.0.1:{port}"
    variables = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    for_the_session(command, variables, f"{url}/health")
    return url
