"""A real Phoenix on the loopback, one for a test session."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from tests.stores.servers import for_the_session, free_port

RUNNING = os.environ.get("ASSAY_TEST_PHOENIX_URL")  # noqa: TID251  # tells where a server is
"""A Phoenix that runs already, for whoever tests again and again. It is filled with the tests' traces."""


@cache
def lasting_phoenix(environment: Path) -> str:
    """The base URL of a Phoenix with an empty database, which ends with the session.

    Its gRPC port listens on every interface of the machine, whatever `PHOENIX_HOST` says: nothing is sent there.
    """
    if RUNNING:
        return RUNNING.rstrip("/")
    port = free_port()
    variables = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(free_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_WORKING_DIR": ".",
    }
    url = f"http://127.0.0.1:{port}"
    for_the_session([str(environment / "bin" / "phoenix"), "serve"], variables, f"{url}/healthz")
    return url
