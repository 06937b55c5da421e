"""Several stores in one deployment: an embedded one, and a second one and a further place that hang for a while."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.cli.why import story_of
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.flow.copies.holding import CopyHold, Held
from assay.worker.ports.copies import CopyCounts, EndedCopies
from assay.worker.records.history import HistoryQuery
from assay.worker.records.traces import Trace
from assay.worker.wiring.copying import read_copies
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import QUICK, Deployed, make_traces
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse.faults import Fault
from tests.servers.langfuse_filled import FilledLangfuse, Place

CHAT, RAG = 60, 40
EVERYTHING, SCORES = ".", r"/(scores|ingestion)"
"""What hangs: every request, or those about scores alone, so that its traces are listed, read and judged."""

CONFIG = """
stores:
  - {name: chat, kind: sqlite}
  - {name: rag, kind: langfuse, variables: RAG_, plan: self-hosted, requests_per_minute: 6000, read_lag_seconds: 1}
  - {name: audit, kind: langfuse, variables: AUDIT_, plan: self-hosted, requests_per_minute: 6000, read_lag_seconds: 1}
window_seconds: 600
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true, copies_to: [audit]}
  - {name: docs, store: rag, rate: 1.0, allow_rate: true, copies_to: [audit]}
"""


class Servers(NamedTuple):
    """The second store and the further place."""

    rag: LangfuseServer
    audit: LangfuseServer

    def hang(self, on: str) -> None:
        """Answer none of these requests any more."""
        for server in self:
            server.project.faults.rules = (Fault("timeout", 1.0, on=on, delay_s=30.0),)

    def answer(self) -> None:
        """Answer everything again."""
        for server in self:
            server.project.faults.rules = ()


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    with (
        LangfuseServer(LangfuseSettings(project_id="rag-project")) as rag,
        LangfuseServer(LangfuseSettings(project_id="audit-project")) as audit,
    ):
        for prefix, server in (("RAG_", rag), ("AUDIT_", audit)):
            monkeypatch.setenv(f"{prefix}LANGFUSE_BASE_URL", server.url)
            monkeypatch.setenv(f"{prefix}LANGFUSE_PUBLIC_KEY", server.public_key)
            monkeypatch.setenv(f"{prefix}LANGFUSE_SECRET_KEY", server.secret_key)
        yield Servers(rag, audit)


def same_ids(n: int) -> list[Trace]:
    """Traces whose ids any store has: 32 hex digits."""
    traces = make_traces(n)
    ids = [f"{number:032x}" for number in range(1, n + 1)]
    return [
        trace.model_copy(update={"root": trace.root.model_copy(update={"trace_id": own})})
        for trace, own in zip(traces, ids, strict=True)
    ]


async def fill(server: LangfuseServer, traces: list[Trace]) -> None:
    place = Place(url=server.url, public_key=server.public_key, secret_key=server.secret_key)
    store = FilledLangfuse(place)
    try:
        await store.add_traces(traces)
    finally:
        await store.close()


@pytest.fixture
def deployed(servers: Servers, tmp_path: Path) -> Deployed:
    traces = same_ids(CHAT)
    asyncio.run(fill(servers.rag, traces[:RAG]))
    deployed = Deployed.create(tmp_path, traces)
    (tmp_path / "assay.yaml").write_text(CONFIG)
    settings = Settings(**{**QUICK, "data_dir": tmp_path / ".assay", "rewrite_after_s": 5.0, "copies_every_s": 1.0})
    return Deployed(home=deployed.home, settings=settings, root=ConfigRoot(path=tmp_path))


def scored(deployed: Deployed) -> Mapping[str, int]:
    return {row.use_case: row.total_scored for row in deployed.funnel().rows}


def copies(deployed: Deployed) -> CopyCounts:
    return deployed.ask(read_copies)["audit"]


async def held(runtime: Runtime) -> Held | None:
    """That the further place is left alone, once somebody has waited for it in vain."""
    return await CopyHold(runtime.state.key_values, "audit").present()


def written(server: LangfuseServer) -> Counter[tuple[str, str]]:
    rows = list(server.project.scores.rows())
    assert len({row.id for row in rows}) == len(rows), "one id, two rows"
    return Counter((row.subject["id"], row.name) for row in rows)


@pytest.mark.parametrize("on", [EVERYTHING, SCORES])
def test_store_that_hangs_delays_no_other_and_nothing_is_lost_or_doubled(
    deployed: Deployed, servers: Servers, on: str
) -> None:
    servers.hang(on)
    with deployed.running(assess_workers=1):
        began = datetime.now(UTC)
        deployed.await_that(lambda: scored(deployed).get("bot") == CHAT, told=lambda: scored(deployed))
        alone_s = (datetime.now(UTC) - began).total_seconds()
        assert scored(deployed).get("docs", 0) == 0
        assert copies(deployed).waiting == CHAT
        deployed.await_that(lambda: deployed.ask(held), told=lambda: copies(deployed))
        assert scored(deployed).get("docs", 0) == 0
        servers.answer()
        deployed.settled(CHAT + RAG)
        deployed.await_that(lambda: not copies(deployed).waiting + copies(deployed).written)
        funnel, ended = deployed.funnel(), copies(deployed).ended
        rows = deployed.ask(record_rows)
        with pytest.raises(ConfigurationError, match=r"2 stores have one.*say chat~0{31}1 or rag~0{31}1"):
            deployed.ask(lambda runtime: story_of(f"{1:032x}", runtime))
        story = deployed.ask(lambda runtime: story_of(f"rag~{1:032x}", runtime))
        first = deployed.ask(lambda runtime: story_of(f"chat~{1:032x}", runtime))
        alone = deployed.ask(lambda runtime: story_of(f"{CHAT:032x}", runtime))
    assert funnel.adds_up
    assert {row.use_case: row.total_scored for row in funnel.rows} == {"bot": CHAT, "docs": RAG}
    assert ended == (EndedCopies(outcome="verified", traces=CHAT + RAG),)
    assert alone_s < 60, "the first store waited for the second"
    assert rows == {"sqlite": CHAT, "langfuse/rag rag-project": RAG}
    assert story.use_case == "docs"
    assert story.rubrics[0].scores
    assert (first.trace_id, first.use_case) == (f"{1:032x}", "bot")
    assert alone.trace_id == f"{CHAT:032x}"
    check_scores(deployed, servers)


def check_scores(deployed: Deployed, servers: Servers) -> None:
    """Each store has the scores of its own traces once, and the further place those of both, under other ids."""
    chat = Counter((score.trace_id, score.name) for score in deployed.scores().values())
    rag, audit = written(servers.rag), written(servers.audit)
    assert set(chat.values()) == set(rag.values()) == {1}
    assert {trace_id for trace_id, _ in chat} == {f"{number:032x}" for number in range(1, CHAT + 1)}
    assert {trace_id for trace_id, _ in rag} == {f"{number:032x}" for number in range(1, RAG + 1)}
    assert audit == chat + rag


async def record_rows(runtime: Runtime) -> Mapping[str, int]:
    """How many rows the record has by store, and by project where that is not made up by the store."""
    await runtime.keep_history()
    now = runtime.clock.now()
    query = HistoryQuery(since=now - timedelta(days=2), until=now)
    rows: Counter[str] = Counter()
    async for block in runtime.history.reader.blocks(query, ("store", "project")):
        pairs = zip(block["store"], block["project"], strict=True)
        rows.update(str(store) if store == "sqlite" else f"{store} {project}" for store, project in pairs)
    return rows
