"""llama.cpp's own server from the wheel `xllamacpp`, as a process of its own. It imports nothing of this project.

    PYTHON benchmarks/llama_server.py MODEL.gguf [--context 8192] [--threads 2] [--parallel 1]

PYTHON is that of an environment that holds the wheel. The address is printed once the model is loaded. The server ends
on SIGTERM, and when its standard input is closed, as it is when whoever started it dies.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys


def main() -> None:
    """Serve until the end is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the weights, a GGUF file")
    parser.add_argument("--context", type=int, default=8192, help="tokens of prompt and completion, of each slot")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--parallel", type=int, default=1, help="requests served at once")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    engine = importlib.import_module("xllamacpp")
    settings = engine.CommonParams()
    settings.model.path = options.model
    settings.n_ctx, settings.n_parallel, settings.port = options.context * options.parallel, options.parallel, 0
    settings.use_jinja, settings.warmup = True, False
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = options.threads
    server = engine.Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
