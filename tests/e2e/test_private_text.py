"""What a use case redacts is nowhere but in the trace store: a real fleet, whose judge fails on the way."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from assay.worker.records.traces import Trace
from tests.builders import make_trace
from tests.e2e.running import Deployed
from tests.servers.openai_server import Answer, OpenAIServer, Step, fails, prompt_of, rate_limited, says

CONFIG = """
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm]}
profiles:
  private:
    redact:
      - {name: customer, pattern: 'KD-[0-9]+'}
      - {name: slow, pattern: '(?:z|zz|y?z)+$'}
      - email
      - phone
      - iban
      - credit_card
      - ip
use_cases:
  - {name: bot, profile: private, rate: 1.0, allow_rate: true}
"""

SECRETS = ("secret-mail", "5550137", "DE89", "3704004405", "41111111", "198.51.100.", "KD-4711")
"""Stretches of every private value of the traces below, without gaps."""

N = 12


def private_trace(number: int) -> Trace:
    """A trace with private values in all its texts and in the names that people give."""
    mail, phone, customer = f"secret-mail-{number}@example.org", f"+49 30 5550137{number:02}", f"KD-4711{number:02}"
    return make_trace(
        f"trace-{number:02}",
        start=datetime.now(UTC) - timedelta(minutes=40 + number),
        name=f"mail of {mail}",
        session_id=mail,
        tags=(customer,),
        input={"question": f"I am {mail}, {customer}. Which desk, and which account, DE89 3704 0044 0532 0130 00?"},
        output={"answer": f"Write to {mail} or call {phone}. The card is 4111 1111 1111 1111, at 198.51.100.{number}."},
        contexts=(f"Desk of {customer}: {mail}, {phone}, DE89370400440532013000, 4111-1111-1111-1111.",),
    )


def quotes(request: dict[str, Any]) -> Answer:
    """An error that repeats the whole text it was sent."""
    step = fails(503, message=f"cannot do: {prompt_of(request)}")
    assert isinstance(step, Answer)
    return step


SCRIPT: tuple[Step, ...] = (
    says("not JSON"),
    quotes,
    rate_limited(retry_after="0.1"),
    lambda request: says(f"I read: {prompt_of(request)}")(request),  # type: ignore[operator]
    quotes,
)


@pytest.fixture
def endpoint() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.script(list(SCRIPT))
        yield server


def test_private_values_are_in_no_prompt_state_log_record_or_score(
    tmp_path: Path, endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    slow = make_trace("trace-slow", start=datetime.now(UTC) - timedelta(hours=1), output={"answer": "z" * 60_000 + "x"})
    over: dict[str, Any] = {"openai_base_url": endpoint.url, "log_level": "debug"}
    deployed = Deployed.create(tmp_path / "d", [*map(private_trace, range(N)), slow], **over)
    (tmp_path / "d" / "assay.yaml").write_text(CONFIG)
    with deployed.running() as running:
        funnel = running.settled(N + 1)
        assert running.fleet is not None
        state = list(_everything_in(running.fleet.broker.url))
        scores = running.scores()
        running.await_that(lambda: len(list(_rows_of_record(tmp_path / "d" / ".assay"))) > N)
        entry = running.ask(lambda r: r.state.ledger.entries("grounding-llm", ["trace-slow"]))["trace-slow"]
    assert funnel.rows[0].total_scored == N
    assert (entry.state.value, entry.reason) == ("skipped", "redaction_failed")
    assert len(scores) >= N
    prompts = [json.dumps(request.body) for request in endpoint.requests]
    assert len(prompts) > len(SCRIPT), "it failed and was asked again; redacted texts are alike and share verdicts"
    assert any("[EMAIL_1]" in prompt for prompt in prompts)
    assert _seen(prompts) == []
    assert not any("zzzz" in prompt for prompt in prompts), "never judged unredacted"
    assert _seen(state) == []
    assert any("[EMAIL_1]" in text for text in state), "the kept verdicts were read"
    assert _seen(score.model_dump_json() for score in scores.values()) == []
    assert any("[" in score.comment for score in scores.values()), "comments quote what was judged"
    logs = list((tmp_path / "d" / ".assay" / "logs").glob("*.log"))
    assert logs
    assert _seen(path.read_text() for path in logs) == []
    assert _seen(_rows_of_record(tmp_path / "d" / ".assay")) == []


def _seen(texts: Iterable[str]) -> list[str]:
    """Private values in texts, gaps left out."""
    whole = "".join(texts).translate({ord(gap): None for gap in " -"})
    return [secret for secret in SECRETS if secret.replace("-", "").replace(" ", "") in whole]


def _everything_in(url: str) -> Iterator[str]:
    """Every key and value, packed ones unpacked too."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(count=1000):
            yield key.decode("utf-8", "replace")
            for raw in _values(client, key):
                yield raw.decode("utf-8", "replace")
                try:
                    yield zlib.decompress(raw).decode("utf-8", "replace")
                except zlib.error:
                    continue


def _values(client: Any, key: bytes) -> list[bytes]:
    kind = client.type(key).decode()
    if kind == "string":
        return [client.get(key)]
    if kind == "hash":
        return [part for pair in client.hgetall(key).items() for part in pair]
    if kind == "list":
        return list(client.lrange(key, 0, -1))
    if kind == "set":
        return list(client.smembers(key))
    if kind == "zset":
        return list(client.zrange(key, 0, -1))
    return [str(client.xrange(key)).encode()]


def _rows_of_record(data: Path) -> Iterator[str]:
    """Every row of every database but the trace store, whose texts are the users' own."""
    for path in data.glob("*.db"):
        with sqlite3.connect(path) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if "traces" not in tables:
                for table in tables:
                    yield from (str(row) for row in database.execute(f'SELECT * FROM "{table}"'))
