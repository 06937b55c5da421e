"""Starts llama.cpp's server, waits until it serves, and ends it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

SCRIPT = Path(__file__).with_name("llama_server.py")
START_S = 120.0
"""Seconds until a model of a gigabyte is loaded on a busy machine."""


@contextmanager
def llama_server(python: Path, model: Path, *options: str) -> Iterator[str]:
    """The address of a running server, e.g. `http://127.0.0.1:41234`.

    Args:
        python: of an environment that holds `xllamacpp`.
        model: the weights.
        options: of `benchmarks/llama_server.py`.

    Raises:
        RuntimeError: it does not start.
    """
    command = [str(python), str(SCRIPT), str(model), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            is_told, _, _ = select([process.stdout], [], [], START_S)
            address = process.stdout.readline().strip() if is_told else ""
            if not address:
                raise RuntimeError(f"llama.cpp's server did not start within {START_S:g} s: {' '.join(command)}")
            yield address
        finally:
            process.terminate()
