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

from assay.worker.records.traces import Observation, Trace
from tests.builders import make_trace
from tests.e2e.running import Deployed
from tests.integration.golden_home import Home
from tests.servers.openai_server import Answer, OpenAIServer, Step, fails, prompt_of, rate_limited, says
from tests.servers.otlp_server import OtlpServer

CONFIG = """
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm, grounding]}
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
    start = datetime.now(UTC) - timedelta(minutes=40 + number)
    asked = f"I am {mail}, {customer}. Which desk, and which account, DE89 3704 0044 0532 0130 00?"
    wrong = "" if number % 2 else f" Or to secret-mail-99@example.net, {customer}0."
    said = f"Write to {mail} or call {phone}. The card is 4111 1111 1111 1111, at 198.51.100.{number}.{wrong}"
    desk = f"Desk of {customer}: {mail}, {phone}, DE89370400440532013000, 4111-1111-1111-1111."
    turns = [("user", f"Hello from {mail}."), ("assistant", f"Hello {customer}."), ("user", asked)]
    trace = make_trace(
        f"trace-{number:02}",
        start=start,
        name=f"mail of {mail}",
        session_id=mail,
        user_id=mail,
        tags=(customer, mail),
        release=f"r-{customer}",
        version=phone,
        metadata={"feature": customer, "user_tier": f"tier {phone}", "note": [mail, {phone: customer}]},
        input={"messages": [{"role": role, "content": text} for role, text in turns]},
        output={"answer": said},
        contexts=(desk,),
    )
    steps: list[dict[str, Any]] = [
        {"type": "tool", "name": f"find {customer}", "input": {"mail": mail}, "output": {"phone": phone}},
        {
            "type": "generation",
            "name": f"answer {mail}",
            "input": asked,
            "output": said,
            "model": f"model-of-{customer}",
            "metadata": {"gen_ai.response.finish_reasons": [mail], "gen_ai.provider.name": customer},
        },
    ]
    own = (Observation(id=f"{trace.id}-{place}", start=start, **step) for place, step in enumerate(steps))
    return trace.model_copy(update={"observations": (*trace.observations, *own)})


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
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.script(list(SCRIPT))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpServer]:
    with OtlpServer() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield server


def test_private_values_are_in_no_prompt_state_log_record_score_span_or_output(
    tmp_path: Path,
    endpoint: OpenAIServer,
    receiver: OtlpServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    slow = make_trace("trace-slow", start=datetime.now(UTC) - timedelta(hours=1), output={"answer": "z" * 60_000 + "x"})
    over: dict[str, Any] = {"openai_base_url": endpoint.url, "log_level": "debug", "otel_evaluations": "both"}
    deployed = Deployed.create(tmp_path / "d", [*map(private_trace, range(N)), slow], **over)
    home = Home(tmp_path / "d")
    (home.path / "assay.yaml").write_text(CONFIG)
    with deployed.running() as running:
        funnel = running.settled(2 * (N + 1))
        assert running.fleet is not None
        state = list(_everything_in(running.fleet.broker.url))
        scores = running.scores()
        running.await_that(lambda: len(list(_rows_of_record(tmp_path / "d" / ".assay"))) > 2 * N)
        entry = running.ask(lambda r: r.state.ledger.entries("grounding-llm", ["trace-slow"]))["trace-slow"]
        monkeypatch.setenv("ASSAY_REDIS_URL", running.fleet.broker.url)
        printed = _printed(home, capfd)
    assert sum(row.total_scored for row in funnel.rows) == 2 * N
    assert (entry.state.value, entry.reason) == ("skipped", "redaction_failed")
    assert len(scores) >= 2 * N
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
    rows = list(_rows_of_record(tmp_path / "d" / ".assay"))
    assert _seen(rows) == []
    assert any("model-of-[CUSTOMER_1]" in row for row in rows), "facts of the trace were read"
    assert receiver.events
    assert _seen(map(str, (receiver.spans, receiver.events, receiver.metrics, receiver.resources))) == []
    for name, text in printed.items():
        assert "[EMAIL_" in text or "[CUSTOMER_" in text or name.startswith("digest"), (name, text[:2000])
        assert _seen([text]) == [], name


def _printed(home: Home, capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What people are shown, by the command. Files that a command wrote stand behind it."""
    home.write(releases={}, baseline=None, target={"kind": "http", "url": "http://127.0.0.1:9/"})
    printed = {}
    for name, *options in (
        ("flagged", "--format", "json"),
        ("flagged", "--format", "csv"),
        ("flagged", "--format", "markdown"),
        ("report", "--by", "tag", "--html", "report.html", "--markdown", "report.md", "--json"),
        ("export", "--out", "record.csv"),
        ("digest", "--html", "digest.html"),
        ("golden", "add", "bot-v1", "trace-00", "trace-01", "--use-case", "bot"),
    ):
        capfd.readouterr()
        files = {option: home.path / option for option in options if "." in option}
        assert home.assay(name, *(str(files.get(option, option)) for option in options)) == 0, capfd.readouterr()
        told = capfd.readouterr()
        written = [*files.values(), *(home.set.glob("*.jsonl") if name == "golden" else ())]
        printed[" ".join((name, *options[:2]))] = "".join((*told, *(path.read_text() for path in written)))
    return printed


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
