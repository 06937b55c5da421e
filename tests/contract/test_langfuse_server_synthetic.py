"""Traces made on demand, and the server run by hand."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.langfuse_requests import NOON, client_of, pages
from tests.examples import examples
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse.clock import millis
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.rows import trace_hash
from tests.servers.langfuse.synthetic import SyntheticTraces
from tests.waiting import PATIENCE_S


def test_synthetic_traces_are_listed_once_each_in_order_over_any_pages() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        start = millis(NOON)
        made = server.project.add_synthetic(300, start_ms=start, span_ms=3000)
        whole = [row for page in pages(client, limit=1000, fields="core") for row in page]
        keys = [(row["startTime"], trace_hash(row["traceId"]), row["id"]) for row in whole]
        assert keys == sorted(keys, reverse=True)
        assert [row for page in pages(client, limit=37, fields="core") for row in page] == whole
        wanted = Counter({made.trace_id(n): len(made.template(n).rows) for n in range(300)})
        assert Counter(row["traceId"] for row in whole) == wanted
        roots = [row for page in pages(client, limit=37, fields="core", isRootObservation="true") for row in page]
        assert len(roots) == sum(made.template(n).roots for n in range(300))
        one = client.get("/v2/observations", params={"traceId": made.trace_id(7), "fields": "core"}).json()["data"]
        assert one == [row for row in whole if row["traceId"] == made.trace_id(7)]


@settings(max_examples=examples(200))
@given(index=st.integers(0, 10**7 - 1), seed=st.integers(0, 2**32 - 1))
def test_synthetic_trace_ids_lead_back_to_their_index(index: int, seed: int) -> None:
    made = SyntheticTraces(10**7, 0, 10**9, seed)
    trace_id = made.trace_id(index)
    assert made.index(trace_id) == index
    assert made.index(trace_id[:-1] + ("0" if trace_id[-1] != "0" else "1")) is None
    assert made.index("not-hex-at-all") is None


def test_trace_hash_is_xxhash32() -> None:
    # Test vectors of xxHash32 with seed 0, as its specification's implementations print them.
    assert [trace_hash(text) for text in ("", "a", "abc")] == [0x02CC5D05, 0x550D7456, 0x32D153FF]
    assert trace_hash("Nobody inspects the spammish repetition") == 0xE2293B2F


def test_synthetic_traces_take_no_memory_and_no_time_to_add() -> None:
    project = Project(LangfuseSettings())
    made = project.add_synthetic(10**9, start_ms=0, span_ms=10**12)
    newest = list(itertools.islice(made.descending((0, 10**13), None), 5))
    assert len({row.fields["id"] for row in newest}) == 5


def test_command_prints_where_it_is_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.servers.langfuse", "--traces", "50", "--plain", "--lag", "5"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = dict(line.strip().split("=", 1) for line in itertools.islice(process.stdout, 3))
        key = (told["LANGFUSE_PUBLIC_KEY"], told["LANGFUSE_SECRET_KEY"])
        url = f"{told['LANGFUSE_BASE_URL']}/api/public/v2/observations"
        answer = httpx.get(url, params={"isRootObservation": "true", "limit": 100}, auth=key, timeout=PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
    assert len(answer.json()["data"]) == 50
