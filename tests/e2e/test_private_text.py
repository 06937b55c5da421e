"""What a use case redacts is nowhere but in the trace store: a real fleet, whose judge fails on the way."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import tarfile
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import redis

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.records.traces import Observation, Trace
from assay.worker.serving.html.pages import Pages
from assay.worker.serving.reading import AskedAnswer, DeploymentReader
from assay.worker.stores.sqlite.store import SqliteStore
from assay.worker.wiring.copying import read_copies
from tests.builders import make_trace
from tests.e2e.running import Deployed
from tests.integration.golden_home import Home
from tests.servers.openai_server import Answer, OpenAIServer, Step, fails, prompt_of, rate_limited, says
from tests.servers.otlp_server import OtlpServer
from tests.servers.told_server import Reply, ToldServer

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
stores: [{name: own, kind: sqlite}, {name: audit, kind: sqlite, path: audit.db}]
digest: {weekly: "Mon 08:00", timezone: UTC, to: [webhook]}
use_cases:
  - {name: bot, profile: private, rate: 1.0, allow_rate: true, copies_to: [audit]}
"""

SECRETS = (
    *("secret-mail", "5550137", "DE89", "3704004405", "41111111", "198.51.100.", "KD-4711"),
    *("rene-secret", "hidden-secret", "told-secret", "cut-sec", "771atnoon", "env-secret"),
)
"""Stretches of every private value of the traces below, without gaps."""

KEYS = {
    "openai_api_key": "sk-key-of-the-judge",
    "digest_webhook_url": "key-of-the-digest",
    "serve_token": "key-of-all-readers",
    "pagerduty_routing_key": "key-of-the-pager-0123456789abcdef",
    "collector_token": "key-of-the-collector",
}
"""Secrets among the settings. They go where they are for, and nowhere else."""

NAMES = ("ren\u00e9", "rene\u0301")
"""A letter as one sign, and as two (NFD)."""

ESCAPED = r'{"to": "told\u002dsecret\u0040example.org"}'
"""A value as JSON may have it."""

N = 12


def private_trace(number: int) -> Trace:
    """A trace with private values in all its texts and in the names that people give."""
    mail, phone, customer = f"secret-mail-{number}@example.org", f"+49 30 5550137{number:02}", f"KD-4711{number:02}"
    start = datetime.now(UTC) - timedelta(minutes=40 + number)
    asked = f"I am {mail}, {customer}. Which desk, and which account, DE89 3704 0044 0532 0130 00?"
    wrong = "" if number % 2 else f" Or to secret-mail-99@example.net, {customer}0."
    odd = f"{NAMES[number % 2]}-secret@example.org, hid\u200bden-secret@exam\u2060ple.org, {ESCAPED}"
    said = f"Write to {mail} or call {phone}. The card is 4111 1111 1111 1111, at 198.51.100.{number}.{wrong} {odd}"
    said = f"{said} The desk is cut-secret@example.org, +49 30 555998771."
    desk = f"Desk of {customer}: {mail}, {phone}, DE89370400440532013000, 4111-1111-1111-1111. {odd}"
    cut = ("Its own address is cut-sec", "ret@example.org. Call +49 30 555998", "771 at noon.")
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
        contexts=(desk, *cut),
        environment="env-secret@example.org" if number == 1 else "production",
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


_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
"""A letter as JSON may write it, e.g. `\\u0040`, also twice escaped."""

NAMELESS = ("digest", "settings", "status", "backup")
"""Commands that show no text of a trace, also none with placeholders."""

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


@pytest.fixture
def channel() -> Iterator[ToldServer]:
    """Where digests are sent."""
    with ToldServer(lambda path, message: Reply()) as server:
        yield server


def test_private_values_are_in_no_prompt_state_log_record_score_span_or_output(
    tmp_path: Path,
    endpoint: OpenAIServer,
    receiver: OtlpServer,
    channel: ToldServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    slow = make_trace("trace-slow", start=datetime.now(UTC) - timedelta(hours=1), output={"answer": "z" * 60_000 + "x"})
    over: dict[str, Any] = {"openai_base_url": endpoint.url, "log_level": "debug", "otel_evaluations": "both"}
    keys: dict[str, Any] = {**KEYS, "digest_webhook_url": f"{channel.url}/{KEYS['digest_webhook_url']}"}
    deployed = Deployed.create(
        tmp_path / "d", [*map(private_trace, range(N)), slow], copies_every_s=1.0, **over, **keys
    )
    for name, key in keys.items():
        monkeypatch.setenv("OPENAI_API_KEY" if name == "openai_api_key" else f"ASSAY_{name.upper()}", key)
    home = Home(tmp_path / "d")
    (home.path / "assay.yaml").write_text(CONFIG)
    asyncio.run(_known_to(tmp_path / "d" / "audit.db"))
    with deployed.running() as running:
        funnel = running.settled(2 * (N + 1))
        assert running.fleet is not None
        state = list(_everything_in(running.fleet.broker.url))
        scores = running.scores()
        running.await_that(lambda: len(list(_rows_of_record(tmp_path / "d" / ".assay"))) > 2 * N)
        entry = running.ask(lambda r: r.state.ledger.entries("grounding-llm", ["trace-slow"]))["trace-slow"]
        running.await_that(lambda: running.ask(read_copies)["audit"].ended)
        monkeypatch.setenv("ASSAY_REDIS_URL", running.fleet.broker.url)
        printed = _printed(home, capfd) | {
            "serve": "".join(_pages(deployed.settings_with({"redis_url": running.fleet.broker.url}), deployed.root)),
            "copies": "".join(_table(tmp_path / "d" / "audit.db", "scores")),
            "backup": "".join(_backup(tmp_path / "backup.tar.gz")),
        }
        scores |= running.scores()
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
        assert "[EMAIL_" in text or "[CUSTOMER_" in text or name.startswith(NAMELESS), (name, text[:2000])
        assert _seen([text]) == [], name
    assert len(channel.taken) == 1
    assert _seen(map(json.dumps, channel.taken)) == []
    everything = "".join((*prompts, *state, *rows, *printed.values(), *(path.read_text() for path in logs)))
    assert [key for key in KEYS.values() if key in everything] == []


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
        ("digest", "--send"),
        ("status",),
        ("settings",),
        ("golden", "add", "bot-v1", "trace-00", "trace-01", "--use-case", "bot"),
        ("replay", "trace-00", "trace-01", "--target", "bot-v1", "--json"),
        ("backup", "--to", str(home.path.parent / "backup.tar.gz")),
    ):
        capfd.readouterr()
        files = {option: home.path / option for option in options if "." in option and "/" not in option}
        code = home.assay(name, *(str(files.get(option, option)) for option in options))
        assert code == (3 if name == "replay" else 0), capfd.readouterr()  # nobody answers where it asks again
        told = capfd.readouterr()
        written = [*files.values(), *(home.set.glob("*.jsonl") if name == "golden" else ())]
        printed[" ".join((name, *options[:2]))] = "".join((*told, *(path.read_text() for path in written)))
    return printed


async def _known_to(path: Path) -> None:
    """Let a further place know the ids of the traces, and nothing else of them."""
    store = SqliteStore(path)
    try:
        await store.add_traces(make_trace(f"trace-{number:02}") for number in range(N))
    finally:
        await store.close()


def _pages(settings: Settings, root: ConfigRoot) -> Iterator[str]:
    """What `assay serve` shows: the fleet, its use case, and the riskiest answers with their texts."""
    reader, pages, now = DeploymentReader(settings, root, days=7), Pages(has_login=True), datetime.now(UTC)
    figures = reader.figures()
    assert figures.report is not None
    yield pages.fleet(figures, now)
    yield pages.use_case(figures, "bot", now)
    for case in figures.report.use_cases:
        for row in case.revisions:
            for worst in row.worst[:2]:
                asked = AskedAnswer("bot", case.rubric, row.revision, worst.trace_id, worst.observation_id)
                answer = reader.answer(figures.report, asked)
                assert answer is not None
                yield pages.answer(answer, figures.report)


def _backup(path: Path) -> Iterator[str]:
    """Every file of a backup but the trace store, whose texts are the users' own."""
    with tarfile.open(path) as archive:
        files = [member for member in archive if member.isfile() and not member.name.endswith("traces.db")]
        assert any(member.name.endswith("history.db") for member in files)
        for member in files:
            opened = archive.extractfile(member)
            yield opened.read().decode("utf-8", "replace") if opened else ""


def _table(path: Path, name: str) -> Iterator[str]:
    """The rows of a table."""
    with sqlite3.connect(path) as database:
        yield from (str(row) for row in database.execute(f'SELECT * FROM "{name}"'))


def _seen(texts: Iterable[str]) -> list[str]:
    """Private values in texts, in any spelling of their letters, also as addresses and JSON escape them."""
    whole = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), unquote("".join(texts)))
    left_out = ("Cf", "Mn", "Pd", "Zs")
    plain = "".join(c for c in unicodedata.normalize("NFD", whole) if unicodedata.category(c) not in left_out)
    return [secret for secret in SECRETS if secret.replace("-", "") in plain]


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
