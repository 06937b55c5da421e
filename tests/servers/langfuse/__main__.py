"""Runs the server by hand: `python -m tests.servers.langfuse --traces 2000` prints where it is, and its keys."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Sequence

from tests.servers.langfuse import HOBBY, Faults, LangfuseServer, LangfuseSettings, failing_score_writes
from tests.servers.langfuse.faults import slow_datasets
from tests.servers.langfuse.seeding import seed_recorded


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    given = _parser().parse_args(arguments)
    # Blocked before any thread starts, so that both signals wait for sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    settings = LangfuseSettings(
        generation=given.generation,
        score_body=given.score_body,
        score_lag_s=given.lag,
        span_lag_s=min(given.lag, 2.0),
        per_minute=HOBBY if given.plan == "hobby" else {},
        most_response_bytes=5_000_000 if given.plan == "hobby" else None,
    )
    faults = failing_score_writes(given.fail_writes, seed=given.seed) if given.fail_writes else Faults()
    if given.slow_datasets:
        faults = slow_datasets(given.slow_datasets, seed=given.seed)
    with LangfuseServer(settings, faults=faults, port=given.port) as server:
        now = int(time.time() * 1000)
        span = int(given.hours * 3_600_000)
        if given.traces:
            server.project.add_synthetic(
                given.traces, start_ms=now - span, span_ms=span, seed=given.seed, plain=given.plain
            )
        if given.recorded:
            seed_recorded(server.project)
        for name, value in (
            ("LANGFUSE_BASE_URL", server.url),
            ("LANGFUSE_PUBLIC_KEY", server.public_key),
            ("LANGFUSE_SECRET_KEY", server.secret_key),
        ):
            print(f"{name}={value}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.langfuse", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--traces", type=int, default=0, help="synthetic traces of all recorded shapes")
    parser.add_argument("--hours", type=float, default=1.0, help="the synthetic traces lie in the last so many hours")
    parser.add_argument("--plain", action="store_true", help="only shapes with exactly one root")
    parser.add_argument("--recorded", action="store_true", help="the 32 recorded traces, at their recorded time")
    parser.add_argument("--generation", choices=("v4", "dual", "v3"), default="v4")
    parser.add_argument("--score-body", choices=("object", "list"), default="object")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until a score is visible")
    parser.add_argument("--plan", choices=("self-hosted", "hobby"), default="self-hosted", help="whose limits hold")
    parser.add_argument("--fail-writes", type=float, default=0.0, help="share of score writes that fail somehow")
    parser.add_argument("--slow-datasets", type=float, default=0.0, help="share of dataset calls without an answer")
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()
