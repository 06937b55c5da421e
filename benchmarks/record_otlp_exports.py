"""Record what real instrumentations send by OTLP, byte by byte, as the OpenTelemetry SDK exports it.

    python -m benchmarks.record_otlp_exports [--recording NAME ...] [--environments DIR]

The programs, the endpoint with fixed answers and the pinned versions are those of `record_framework_traces`. A server
on loopback takes what their exporter posts. Each recording is one file in `tests/fixtures/otlp/`: `NAME.pb` has the
bodies one behind the other, which is one request by the rules of protobuf, and `NAME.jsonl` has one body a line.
`recordings.json` beside them holds the versions and what each application knows of its run. Ids and times are those of
the recording: a second one differs in them.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.record_framework_traces import environments, fake_endpoint
from benchmarks.record_framework_traces.frameworks import FRAMEWORKS

RECORDINGS = Path(__file__).parents[1] / "tests" / "fixtures" / "otlp"
NOTES = RECORDINGS / "recordings.json"
EXPORTER = ("opentelemetry-exporter-otlp-proto-http", "1.45.2")
NODE_EXPORTER = ("@opentelemetry/exporter-trace-otlp-http", "0.223.1")
WANTED = {
    "openai-openinference-rag": ("openai", "openai_app", "openinference-rag"),
    "openai-openinference-tool": ("openai", "openai_app", "openinference-tool"),
    "openai-openllmetry-rag": ("openai", "openai_app", "openllmetry-rag"),
    "openai-contrib-rag": ("openai", "openai_app", "contrib-rag"),
    "langchain-openinference-graph": ("langchain", "langchain_app", "openinference-graph"),
    "langchain-openinference-agent": ("langchain", "langchain_app", "openinference-agent"),
    "langchain-openllmetry-graph": ("langchain", "langchain_app", "openllmetry-graph"),
    "langchain-openllmetry-retrieval-chain": ("langchain", "langchain_app", "openllmetry-retrieval-chain"),
    "langchain-langsmith-graph": ("langchain", "langsmith_app", "graph"),
    "langchain-langsmith-agent": ("langchain", "langsmith_app", "agent"),
    "openai-agents-chat-search": ("openai-agents", "openai_agents_app", "chat-search"),
    "pydantic-ai-v5-search": ("pydantic-ai", "pydantic_ai_app", "v5-search"),
    "pydantic-ai-v2-tool": ("pydantic-ai", "pydantic_ai_app", "v2-tool"),
    "llama-index-openinference-query-engine": ("llama-index", "llama_index_app", "openinference-query-engine"),
    "llama-index-openllmetry-query-engine": ("llama-index", "llama_index_app", "openllmetry-query-engine"),
    "semantic-kernel-agent": ("semantic-kernel", "semantic_kernel_app", "agent"),
    "vercel-ai-search": ("vercel-ai", "vercel_ai_app", "search"),
    "vercel-ai-stream": ("vercel-ai", "vercel_ai_app", "stream"),
}
"""By recording: environment, program, scenario."""
VARIABLES = {"LANGSMITH_TRACING": "true", "LANGSMITH_TRACING_MODE": "otel", "LANGSMITH_API_KEY": "none"}
"""What makes LangSmith's SDK export by OpenTelemetry alone; `langsmith_app` is the only program that heeds it."""


class Taken(ThreadingHTTPServer):
    """A server that keeps the bodies posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.bodies: list[bytes] = []


class Taker(BaseHTTPRequestHandler):
    """One export: keep its body, answer that all was taken."""

    server: Taken

    def do_POST(self) -> None:
        """Take one body."""
        self.server.bodies.append(b"".join(self._pieces()))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def _pieces(self) -> Iterator[bytes]:
        """The body: whole, or in chunks, as Node.js sends it."""
        if "content-length" in self.headers:
            yield self.rfile.read(int(self.headers["content-length"]))
            return
        while length := int(self.rfile.readline(), 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *args: object) -> None:
        """Keep the terminal for the recorder's own lines."""


@contextmanager
def taking() -> Iterator[Taken]:
    """Serve until the block ends."""
    server = Taken()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", action="append", choices=sorted(WANTED), help="default: all")
    parser.add_argument("--environments", type=Path, help="keep environments here; default: a temporary folder")
    arguments = parser.parse_args()
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="exports-") as scratch:
        for name in arguments.recording or WANTED:
            notes = json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.is_file() else {}
            notes[name] = record(name, arguments.environments or Path(scratch, "environments"), Path(scratch))
            text = json.dumps(dict(sorted(notes.items())), ensure_ascii=False, indent=2)
            NOTES.write_text(text + "\n", encoding="utf-8")
            print(f"written  {name}")


def record(name: str, folders: Path, scratch: Path) -> dict[str, Any]:
    """Record one run: write its bodies, and give what is to be noted about it."""
    environment, program, scenario = WANTED[name]
    framework = FRAMEWORKS[environment]
    package, version = NODE_EXPORTER if framework.is_node else EXPORTER
    pinned = f"{package}@{version}" if framework.is_node else f"{package}=={version}"
    framework = dataclasses.replace(framework, packages=(*framework.packages, pinned))
    folder = (folders / environment).absolute()
    if not folder.exists():
        environments.install(framework, folder)
    output = scratch / f"{name}.json"
    with fake_endpoint.running() as endpoint, taking() as taken:
        to = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{taken.server_address[1]}"}
        to |= VARIABLES if program == "langsmith_app" else {}
        with_exporter = dataclasses.replace(framework, environment={**framework.environment, **to})
        environments.run(folder, with_exporter, "exporting", f"{program}:{scenario}", endpoint, output)
    if framework.is_node:
        (RECORDINGS / f"{name}.jsonl").write_bytes(b"\n".join(taken.bodies) + b"\n")
    else:
        (RECORDINGS / f"{name}.pb").write_bytes(b"".join(taken.bodies))
    ran = json.loads(output.read_text(encoding="utf-8"))
    return {
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {**ran["versions"], package: version},
        "requests": len(taken.bodies),
        "application": ran["application"],
    }


if __name__ == "__main__":
    main()
