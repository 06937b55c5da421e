"""Shared fixtures: a clean environment, a real broker for the session, and nothing from the network but loopback."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from assay.worker.launch.broker import Broker, open_broker
from assay.worker.state.redis.state import check_connection
from tests import leftovers
from tests.examples import load_profile
from tests.waiting import HANGS_AFTER_S

# pytest-timeout reads it. A test that hangs is ended; one that is slow is not.
os.environ.setdefault("PYTEST_TIMEOUT", f"{HANGS_AFTER_S:g}")  # noqa: TID251  # for the plugin

load_profile()
leftovers.adopt_orphans()

# A run in a shell's background, or under nohup, begins with these ignored, and every child would inherit that: no
# process under test could be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """Five test processes even on two cores: the longest tests wait for fleets, leases and time-outs."""
    return max(5, os.cpu_count() or 1)


@pytest.fixture(autouse=True, scope="module")
def _no_process_outlives_its_file() -> Iterator[None]:
    """A fleet, a server or a browser that a file shares ends with the file."""
    with leftovers.none_left():
        yield


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    """What a test started must have ended when it ends."""
    with leftovers.none_left():
        yield


_JUDGES_VARIABLES = ("ASSAY_", "OPENAI_", "AZURE_OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_API_")
_STORES_VARIABLES = (
    *(
        "LANGFUSE_",
        "PHOENIX_",
        "MLFLOW_",
        "LANGSMITH_",
        "LANGCHAIN_",
        "DD_",
        "DATADOG_",
        "OPIK_",
        "COMET_",
        "HELICONE_",
    ),
    *("HONEYCOMB_", "OTEL_"),
)
"""Beginnings of variables that would decide what a test talks to, e.g. `DD_API_KEY`."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell has set must not decide a test."""
    for name in list(os.environ):  # noqa: TID251  # cleaned, not read
        if name.startswith((*_JUDGES_VARIABLES, *_STORES_VARIABLES)):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """A test that calls `main()` sends log lines to its own captured stderr, which is closed for the next one."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A private server of our own for the whole session."""
    given = os.environ.get("ASSAY_TEST_REDIS_URL")  # noqa: TID251  # lets the suite run against another server
    directory = Path(tmp_path_factory.mktemp("broker"))
    with ExitStack() as stack:
        with leftovers.lasting():
            running = stack.enter_context(open_broker(given, directory, ping=check_connection))
        yield running


@pytest.fixture
def key_prefix() -> str:
    """A prefix of this test's own, so that tests share a server without meeting."""
    return f"t{uuid.uuid4().hex[:12]}:"
