"""A rubric of three tiers in a real fleet: who is called how often, and what an outage may and may not do."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.hash_sampling import hash64, is_below
from assay.worker.records.history import HistoryQuery
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed, make_traces
from tests.e2e.test_command import assay
from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import Answer, Body, OpenAIServer, completion, fails, prompt_of

TRACES = 60

OUTAGE_TRACES = 15
"""Five of each kind. After nine failed calls the breaker opens, and lets a probe go after 1, 2, 4, 8, 10, 10 … s."""

AUDIT = 0.3
SETTLED = "The bridge was opened in 1932."
DOUBTED = "The bridge was opened in 1932 with joy."
DISPUTED = "Nobody knows much of the bridge that was opened, people say, in 1932."


def rubric(**over: Any) -> str:
    judge = {
        "tiers": ["local", "llm", "panel"],
        "llm": {"model": "small"},
        "panel": {"models": ["large-a", "large-b", "large-c"]},
        "escalate_when": {"risk_between": [0.1, 1.0], "rule_hits": False, "risk_apart": 1.0},
        "audit_share": AUDIT,
        **over,
    }
    return yaml.safe_dump({"name": "tiers", "judge": judge})


def traces(count: int) -> list[Trace]:
    """A third the screen settles, a third it doubts and the model clears, a third that the two dispute."""
    made = make_traces(count)
    answers = (SETTLED, DOUBTED, DISPUTED)
    return [trace.model_copy(update={"output": {"answer": answers[n % 3]}}) for n, trace in enumerate(made)]


def by_model(request: Body) -> Answer:
    """`small` and `large-c` find support for everything, the other two for nothing that is disputed."""
    prompt = prompt_of(request)
    if "Nobody knows" in prompt and request["model"] in {"large-a", "large-b"}:
        return Answer(completion(json.dumps(_all(prompt, "not_found")), request))
    return Answer(completion(lexical_verdict(prompt, share=0.0), request))


def _all(prompt: str, verdict: str) -> dict[str, Any]:
    numbers = [next(iter(entry.values())) for entry in json.loads(lexical_verdict(prompt))["sentences"]]
    return {"kind": "answer", "sentences": [{verdict: n, "evidence": [], "p": 90} for n in numbers]}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(default=by_model) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def deployed(home: Path, endpoint: OpenAIServer, *, count: int = TRACES, **judge: Any) -> Deployed:
    (home / "rubrics").mkdir(parents=True)
    (home / "rubrics" / "tiers.yaml").write_text(rubric(**judge))
    return Deployed.create(home, traces(count), rubric="tiers", openai_base_url=endpoint.url)


def called(endpoint: OpenAIServer) -> Counter[str]:
    return Counter(request.body["model"] for request in endpoint.requests)


def drawn(count: int = TRACES) -> set[str]:
    """The traces the audit draws among those the screen settles."""
    salt = "assay.audit.v1:tiers"
    return {f"trace-{n:04}" for n in range(0, count, 3) if is_below(hash64(salt, f"trace-{n:04}"), AUDIT)}


def risks(scores: dict[str, Score]) -> dict[str, Score]:
    return {score.trace_id: score for score in scores.values() if score.name == "hallucination_risk"}


async def reported(runtime: Runtime) -> RevisionReport:
    """What the record says of the last days, once all that ended is in it."""
    while (await runtime.state.ended.unrecorded()).entries:
        await runtime.keep_history()
        await asyncio.sleep(0.05)
    now = datetime.now(UTC)
    query = HistoryQuery(since=now - timedelta(days=2), until=now)
    report = await PeriodReader(runtime.history.reader, cuts={}).read(query)
    (row,) = report.use_cases[0].revisions
    return row


def test_each_tier_is_called_for_what_reaches_it_and_once(tmp_path: Path, endpoint: OpenAIServer) -> None:
    fleet = deployed(tmp_path / "d", endpoint)
    with fleet.running(assess_workers=2):
        funnel = fleet.settled(TRACES)
        found = risks(fleet.scores())
        row = fleet.ask(reported)
    assert funnel.adds_up
    assert funnel.rows[0].total_scored == TRACES
    third = TRACES // 3
    audited = drawn()
    assert 0 < len(audited) < third
    assert called(endpoint) == {
        "small": 2 * third + len(audited), "large-a": third, "large-b": third, "large-c": third
    }  # fmt: skip
    for number in range(TRACES):
        score = found[f"trace-{number:04}"]
        tier = ("llm" if score.trace_id in audited else "screen", "llm", "panel")[number % 3]
        assert score.metadata["tier"] == tier, score
    assert row.cascade is not None
    assert (row.cascade.escalated, row.cascade.audited) == (2 * third, len(audited))
    assert row.rates.flagged is not None
    assert row.rates.flagged.value == pytest.approx(1 / 3)


def test_outage_leaves_everything_that_needs_the_model_unscored(tmp_path: Path, endpoint: OpenAIServer) -> None:
    endpoint.script(default=fails(503))
    fleet = deployed(tmp_path / "d", endpoint, count=OUTAGE_TRACES)
    settled = OUTAGE_TRACES // 3 - len(drawn(OUTAGE_TRACES))
    with fleet.running():
        fleet.until(lambda f: f.rows[0].total_scored == settled if f.rows else False)
        waiting = fleet.until(lambda f: len(endpoint.requests) >= OUTAGE_TRACES - settled)
        found = risks(fleet.scores())
        ids = sorted(trace.id for trace in traces(OUTAGE_TRACES))
        entries = fleet.ask(lambda runtime: runtime.state.ledger.entries("tiers", ids))
    assert waiting.in_flight == OUTAGE_TRACES - settled
    assert set(found) == {f"trace-{n:04}" for n in range(0, OUTAGE_TRACES, 3)} - drawn(OUTAGE_TRACES)
    assert all(score.metadata["tier"] == "screen" for score in found.values())
    open_ones = [entry for entry in entries.values() if entry.trace_id not in found]
    assert {entry.state for entry in open_ones} == {"open"}


def test_screen_stands_in_during_an_outage_where_the_rubric_says_so(tmp_path: Path, endpoint: OpenAIServer) -> None:
    endpoint.script(default=fails(503))
    fleet = deployed(tmp_path / "d", endpoint, on_failure="screen")
    with fleet.running():
        fleet.settled(TRACES)
        found = risks(fleet.scores())
    assert len(found) == TRACES
    degraded = {trace_id for trace_id, score in found.items() if score.metadata["degraded"]}
    assert degraded == {f"trace-{n:04}" for n in range(TRACES) if n % 3} | drawn()
    assert {score.metadata["tier"] for score in found.values()} == {"screen"}
    assert "on_failure: screen" in str(found["trace-0001"].metadata["path"])


def test_judge_command_shows_the_way_through_the_tiers(tmp_path: Path) -> None:
    lines = lines_of(tmp_path)
    args = ("judge", "s.jsonl", "--rubric", "tiers", "--explain", "--out", "v.jsonl")
    with OpenAIServer(default=by_model) as server:
        done = assay(*args, cwd=tmp_path, OPENAI_BASE_URL=server.url)
        calls = called(server)
        again = assay(*args, cwd=tmp_path, OPENAI_BASE_URL=server.url)
        assert called(server) == calls, "a run that is complete calls nobody"
        alone = assay(
            "judge", "s.jsonl", "--rubric", "tiers", "--judge", "llm", cwd=tmp_path, OPENAI_BASE_URL=server.url
        )
    assert (done.returncode, again.returncode, alone.returncode) == (0, 0, 0), done.stderr + alone.stderr
    assert calls["large-a"] == calls["large-b"] == calls["large-c"] == lines // 3
    assert "> local, risk 0.01: decided, risk 0.01 outside 0.1–1" in done.stdout
    assert "overrules llm: 2 of 3 members flag it, they differ on 1 of 1 sentences" in done.stdout
    assert "large-c: risk " in done.stdout
    assert "! a person should decide: the panel is split: 2 of 3 members flag it" in done.stdout
    verdicts = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [one["decided_by"] for one in verdicts[:3]] == ["local", "llm", "panel"]
    assert verdicts[2]["model"] == "large-a-2026-01-01, large-b-2026-01-01, large-c-2026-01-01"
    assert {json.loads(line)["judge"] for line in alone.stdout.splitlines()} == {"llm"}


def test_refused_key_stops_a_cascade_before_anything_is_written_of_what_was_refused(tmp_path: Path) -> None:
    lines_of(tmp_path)
    args = ("judge", "s.jsonl", "--rubric", "tiers", "--out", "v.jsonl")
    with OpenAIServer(default=fails(401)) as server:
        done = assay(*args, cwd=tmp_path, OPENAI_BASE_URL=server.url)
    assert done.returncode == 2, done.stderr
    assert "3 calls in a row were refused" in done.stderr
    written = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert {one["outcome"] for one in written} <= {"scored"}


def lines_of(home: Path, n: int = 12) -> int:
    """A config root with the rubric, without an audit, and samples of the three kinds in turn."""
    (home / "rubrics").mkdir()
    (home / "rubrics" / "tiers.yaml").write_text(rubric(audit_share=0.0))
    (home / "assay.yaml").write_text("use_cases: [{name: bot, rubrics: [tiers]}]\n")
    answers = (SETTLED, DOUBTED, DISPUTED)
    asked = "When was the bridge opened?"
    rows = [{"id": f"s{i}", "question": asked, "contexts": [SETTLED], "response": answers[i % 3]} for i in range(n)]
    (home / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return n
