"""Record what a fleet of an earlier revision leaves in the middle of its work, for tests/e2e/test_upgrade.py.

    python -m benchmarks.rolling_upgrade_record 0818b5b 2a5da59

Each revision runs from a git worktree with an environment of its own lock: broker, beat, workers, a judge of this
machine, synthetic traces. It is killed where each kind of work waits: traces that are scored and recorded, posted and
not read back, judged and not posted, in a worker's hands, in the queue, and samples of a golden run. Then Redis, both
databases, the folder and the schemas of all messages are written to `tests/fixtures/upgrade/REVISION/` (minutes).
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.fire import processes
from benchmarks.fire.fleet import fire, scratch
from benchmarks.fire.traffic import marker, trace_id
from benchmarks.rolling_upgrade_dump import KeysOf, database_dump, packed, redis_dump, replaced
from benchmarks.rolling_upgrade_fleet import RollingFleet
from benchmarks.rolling_upgrade_versions import Version, checked_out, given_back

FIXTURES = Path("tests/fixtures/upgrade")
"""Below the checkout."""

SETTINGS = """\
window_seconds: 300
lookback_hours: 1
defaults:
  quiet_seconds: 1
  min_per_day: 0
  low_traffic: {below_per_day: 0}
  rubrics: [grounding-llm]
use_cases:
  - name: bot
    match: {trace_name: [bot]}
    rate: 1.0
    allow_rate: true
    redact: [email]
    budget_usd_per_day: 20
  - name: desk
    match: {trace_name: [desk]}
    rate: 1.0
    allow_rate: true
    stakes: high
    rubrics: [grounding]
limits:
  usd_per_day: 50
  endpoints:
    default: {requests_per_minute: 6000, concurrency: 32}
"""

NEVER_S = "86400"
"""A tick that is not to come."""

SCHEMAS = """\
import json
from assay.worker.records import ledger, messages, particulars, windows
records = {record.__name__: record for record in (
    messages.AssessMessage, messages.RecordMessage, messages.GoldenRunMessage, messages.GoldenJudgeMessage,
    ledger.Promise, ledger.Judgement, ledger.Unanswered, windows.WindowRecord)}
print(json.dumps({name: record.model_json_schema() for name, record in sorted(records.items())}))
"""
"""Prints the schemas of what that version reads from Redis. It refuses any field that they do not name."""

FORMATS = """\
import json
from assay.worker.history import schema
from assay.worker.stores.sqlite.schema import MIGRATIONS
print(json.dumps({"record": list(schema.KNOWN), "embedded_store": len(MIGRATIONS)}))
"""
"""Prints which formats of files that version knows."""


def record(version: Version, home: Path, to: Path) -> None:
    """Run that version, kill it, and write what it left."""
    env = {"ASSAY_WORKER_THREADS": "1", "ASSAY_JUDGE_CONCURRENCY": "4", "ASSAY_CONFIG_LOOK_EVERY_S": "5"}
    with fire(home, workers=1, whole=False, mean=0.05, config=SETTINGS, env={**env, **QUICK}) as base:
        fleet = RollingFleet.of(base, version)
        golden = _golden_set(fleet)
        _ended_work(fleet)
        _work_under_way(fleet)
        _golden_work(fleet, golden)
        _write(fleet, to)


QUICK = {"ASSAY_RECONCILE_EVERY_S": "2", "ASSAY_VERIFY_EVERY_S": "1", "ASSAY_HISTORY_EVERY_S": "1"}


def _ended_work(fleet: RollingFleet) -> None:
    """Scored, skipped and dead traces, all of them with a row in the record. The desk's judge is the local one."""
    fleet.judge.control(broken=1.0)
    _import(fleet, 1, name="bot", age_s=1200)
    _import(fleet, 6, name="desk", age_s=1200)
    _import(fleet, 1, name="bot", age_s=900, passages=False)
    for name in fleet.commands():
        _works(fleet, name)
    _await("ended", lambda: fleet.final() >= fleet.traces)
    fleet.judge.control(broken=0.0)
    _await("recorded", lambda: fleet.recorded()[0] >= fleet.traces)


def _work_under_way(fleet: RollingFleet) -> None:
    """Traces that are posted, judged, in a worker's hands, in the queue and not yet swept. Nobody is left but beat."""
    fleet.env |= {"ASSAY_VERIFY_EVERY_S": NEVER_S, "ASSAY_HISTORY_EVERY_S": NEVER_S, "ASSAY_RECONCILE_EVERY_S": NEVER_S}
    fleet.send("beat", signal.SIGTERM)
    processes.reap(fleet.members["beat"], grace_s=30.0)
    _works(fleet, "beat")
    fleet.judge.control(late_s=2.0)
    _import(fleet, 36, name="bot", age_s=2)  # three messages: in hand, prefetched, in the queue
    _await("posted", lambda: fleet.states().get("posted", 0) >= 3)
    fleet.send("control", signal.SIGKILL)
    _await("judged", lambda: _waits(fleet, "control") > 0 and fleet.states().get("judged", 0) > 0)
    fleet.judge.control(hanging=1.0, hang_s=3600.0)
    time.sleep(3.0)  # what was asked before has its answer
    _await("in hand", lambda: fleet.judge.ask("stats")["outcomes"].get("open", 0) > 0)
    fleet.send("assess1", signal.SIGKILL)
    _import(fleet, 2, name="bot", age_s=2)


def _golden_work(fleet: RollingFleet, golden_set: str) -> None:
    """Samples of a golden run in the queue, and ticks that nobody took. Then beat is killed, too."""
    command = fleet.version.command("golden", "run", golden_set, "--release", "new", "--fleet")
    log = fleet.logs / "golden.log"
    run = processes.start(command, log=log, env=fleet.version.environment(fleet.env), cwd=fleet.home)
    _await("golden samples", lambda: _waits(fleet, "golden") > 0 or run.poll() is not None)
    run.kill()
    run.wait()
    _await("ticks", lambda: _waits(fleet, "control") > 1)
    fleet.send("beat", signal.SIGKILL)
    for member in fleet.members.values():
        member.wait()
    fleet.members.clear()


def _golden_set(fleet: RollingFleet) -> str:
    """A frozen set of four items with labelled anchors and a recorded run, made by that version's own commands."""
    folder = fleet.home / "golden_sets" / "bot-v1"
    (folder / "releases").mkdir(parents=True)
    evidence = ["The bridge was opened in 1932 by the mayor.", "It is closed on Sundays."]
    items = [
        {"id": f"q{n}", "question": f"When was bridge {n} opened?", "contexts": evidence, "expect": "answer"}
        for n in range(4)
    ]
    _jsonl(folder / "items.jsonl", items)
    answers = ["The bridge was opened in 1932 by the mayor.", "Purple elephants invented the telephone in Berlin."]
    samples = [
        {"id": f"s{n}", "question": "When?", "contexts": evidence, "response": answers[n % 2]} for n in range(24)
    ]
    _jsonl(folder / "anchors.jsonl", [{"id": f"a{n}", "label": n % 2, "sample": samples[n]} for n in range(24)])
    for release in ("old", "new"):
        outputs = [{"id": item["id"], "response": answers[0], "contexts": evidence} for item in items]
        _jsonl(folder / "releases" / f"{release}.jsonl", outputs)
    (folder / "manifest.yaml").write_text(
        "name: bot-v1\nrubric: grounding\ntarget: {kind: recorded}\nbaseline: old\n"
        "pass_when: {groundedness: {at_least: 0.7}}\nschedule: {weekly: 'Mon 06:00', timezone: Europe/Berlin}\n"
        "labels: {by: synthetic, licence: Apache-2.0}\nwaive: {size: a fixture of a test}\n"
    )
    fleet.assay("golden", "freeze", "bot-v1", "--yes")
    fleet.assay("golden", "run", "bot-v1", "--release", "old")
    return "bot-v1"


def _import(fleet: RollingFleet, n: int, *, name: str, age_s: float, passages: bool = True) -> None:
    """Synthetic traces that began so long ago."""
    start = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
    lines = [_trace(number, start, name, passages=passages) for number in range(fleet.traces, fleet.traces + n)]
    _jsonl(fleet.home / "traces.jsonl", lines)
    fleet.assay("import", str(fleet.home / "traces.jsonl"))
    fleet.traces += n


def _trace(number: int, start: str, name: str, *, passages: bool) -> dict[str, Any]:
    told = f"According to file {marker(number)}, the old bridge of Trento was opened in {1900 + number}."
    documents = [{"text": f"{told} Visitors who ask for it are sent to the upper market."}]
    return {
        "id": trace_id(number),
        "name": name,
        "start": start,
        "end": start,
        "input": {"question": f"What does file {marker(number)} say about the bridge?"},
        "output": {"answer": told if number % 3 else f"{told} Its keeper wrote several unsorted letters."},
        "observations": [{"type": "retriever", "output": documents}] if passages else [],
    }


def _jsonl(file: Path, lines: Sequence[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _works(fleet: RollingFleet, name: str) -> None:
    if (code := fleet.start_and_wait(name)) is not None:
        raise SystemExit(f"{name} ended with {code}: {fleet.log_of(name)[-2000:]}")


def _waits(fleet: RollingFleet, queue: str) -> int:
    length: Any = fleet.broker.client().llen(f"assay:{queue}")
    return int(length)


def _await(what: str, condition: Callable[[], object]) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)
    if not processes.wait_for(condition, within_s=600.0):
        raise SystemExit(f"never: {what}")


def _write(fleet: RollingFleet, to: Path) -> None:
    """Write everything below a folder, with the names of this machine replaced."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    judge = fleet.judge.url.removeprefix("http://")
    named = {str(fleet.home): "/deployment", f"@{socket.gethostname()}": "@machine", judge: "127.0.0.1:9"}
    header = {
        "revision": fleet.version.name,
        "committed_at": _told("git", "-C", str(fleet.version.source), "log", "-1", "--format=%cI"),
        "subject": _told("git", "-C", str(fleet.version.source), "log", "-1", "--format=%s"),
        "recorded_at": datetime.now(UTC).isoformat(),
        "traces": fleet.traces,
        "states": fleet.states(),
        "formats": json.loads(_python(fleet.version, FORMATS)),
    }
    keys = redis_dump(KeysOf(fleet.broker.client()))
    databases = {name: database_dump(fleet.home / ".assay" / f"{name}.db") for name in ("history", "traces")}
    (to / "header.json").write_text(json.dumps(header, indent=1) + "\n")
    packed(to / "redis.jsonl.gz", "".join(json.dumps(key) + "\n" for key in keys), named)
    (to / "schemas.json").write_text(_python(fleet.version, SCHEMAS) + "\n")
    for name, statements in databases.items():
        packed(to / f"{name}.sql.gz", statements, named)
    shutil.copytree(fleet.home / "golden_sets", to / "deployment" / "golden_sets")
    shutil.copytree(fleet.home / ".assay" / "golden", to / "deployment" / "data" / "golden")
    shutil.copy(fleet.home / "assay.yaml", to / "deployment" / "assay.yaml")
    _replace(to, named)
    print(f"{to}: {sum(file.stat().st_size for file in to.rglob('*') if file.is_file()):,} bytes, {fleet.states()}")


def _replace(folder: Path, named: dict[str, str]) -> None:
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".gz":
            file.write_text(replaced(file.read_text(), named))


def _python(version: Version, program: str) -> str:
    return _told(str(version.python), "-c", program, env=version.environment({}))


def _told(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revisions", nargs="+")
    parser.add_argument("--checkouts", type=Path, help="where worktrees are kept for the next run")
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    for revision in given.revisions:
        home = scratch("record", given.scratch)
        version = checked_out(revision, given.checkouts or home / "checkouts")
        try:
            record(version, home / "d", processes.checkout() / FIXTURES / version.name)
        finally:
            if not given.checkouts:
                given_back(version)


if __name__ == "__main__":
    main()
