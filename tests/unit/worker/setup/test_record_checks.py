"""What `assay doctor` and `assay status` say of the record, run as a person runs them."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.flow.history_databases import HistoryDatabase, HistoryDatabases
from assay.worker.history.opening import FILE
from assay.worker.launch.broker import Broker
from assay.worker.records.ledger import LedgerState, Promise, Transition
from assay.worker.wiring.runtime import Runtime

PASSWORD = "geheim"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "assay.yaml").write_text("store: {kind: sqlite}\nuse_cases: [{name: all}]\n")
    return tmp_path


def runtime_of(home: Path, broker: Broker) -> Runtime:
    return Runtime(load_settings(), ConfigRoot(path=home), redis_url=broker.url)


def end(home: Path, broker: Broker, *trace_ids: str, keep: bool) -> None:
    """Bring traces to their end; with `keep`, one tick of the keeper after that."""

    async def work() -> None:
        runtime = runtime_of(home, broker)
        now = runtime.clock.now()
        fields: dict[str, Any] = {"rubric": "grounding", "rubric_hash": "h", "use_case": "all", "window": "w"}
        promises = [
            Promise(trace_id=t, start=now, pi=1.0, stratum="standard", selected_at=now, **fields) for t in trace_ids
        ]
        try:
            await runtime.state.ledger.promise(promises, now=now, due=now)
            changes = [
                Transition(trace_id=t, expected=(LedgerState.OPEN,), state=LedgerState.SKIPPED, reason="no_response")
                for t in trace_ids
            ]
            await runtime.state.ledger.apply("grounding", changes, now=now)
            if keep:
                await runtime.keep_history()
        finally:
            await runtime.close()

    asyncio.run(work())


def doctor(home: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(app, ["doctor", "-c", str(home), "--json", "--no-write"])
    return result.output, {check["name"]: check for check in json.loads(result.stdout)}


def status(home: Path) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["status", "-c", str(home), "--json"])
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_record_that_keeps_up_is_told_with_its_rows(home: Path, broker: Broker) -> None:
    end(home, broker, "a", "b", keep=True)
    _, checks = doctor(home)
    assert checks["record"]["status"] == "ok"
    assert "2 rows" in checks["record"]["message"]
    assert (checks["record writing"]["status"], checks["record writing"]["details"]["waiting"]) == ("ok", 0)
    assert status(home)["warnings"] == []
    assert (home / "data" / FILE).is_file()


def test_record_that_was_never_made_is_no_fault(home: Path, broker: Broker) -> None:
    end(home, broker, "a", keep=False)
    _, checks = doctor(home)
    assert (checks["record"]["status"], checks["record writing"]["status"]) == ("ok", "ok")
    assert status(home)["fleet"]["record"]["waiting"] == 1
    assert not (home / "data" / FILE).exists(), "who only looks makes nothing"


def test_database_that_nobody_reaches_is_told_by_doctor_and_status_without_its_password(
    home: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"postgresql://assay:{PASSWORD}@127.0.0.1:9/assay")
    end(home, broker, "a", keep=True)
    output, checks = doctor(home)
    assert checks["record"]["status"] == checks["record writing"]["status"] == "fail"
    (warning,) = status(home)["warnings"]
    assert warning.startswith("record: 1 ended entry waits for its row since")
    assert PASSWORD not in output + warning
    monkeypatch.delenv("ASSAY_DATABASE_URL")
    end(home, broker, "b", keep=True)
    assert status(home)["warnings"] == []
    assert "2 rows" in doctor(home)[1]["record"]["message"]


def test_address_that_cannot_be_one_is_told_and_stops_nobody(
    home: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"mysql://assay:{PASSWORD}@h/assay")
    end(home, broker, "a", keep=True)
    output, checks = doctor(home)
    assert (checks["record"]["status"], checks["record"]["is_configuration"]) == ("fail", True)
    assert "ASSAY_DATABASE_URL" in checks["record"]["message"] + checks["record"]["remedy"]
    assert PASSWORD not in output
    assert len(status(home)["warnings"]) == 1
    told = CliRunner().invoke(app, ["why", "a", "-c", str(home)])
    assert told.exit_code == 0, "the ledger has the trace"
    assert "the record could not be asked" in told.output
    shown = CliRunner().invoke(app, ["settings", "-c", str(home)])
    assert PASSWORD not in shown.output


def test_machines_that_write_to_files_of_their_own_are_told(home: Path, broker: Broker) -> None:
    async def note() -> None:
        runtime = runtime_of(home, broker)
        now = runtime.clock.now()
        databases = HistoryDatabases(runtime.state.key_values)
        try:
            for name, minutes in (("one", 1), ("two", 3)):
                first, last = now - timedelta(hours=2), now - timedelta(minutes=minutes)
                returns = (first, last)
                await databases.keep(HistoryDatabase(identity=name, first=first, last=last, returns=returns))
        finally:
            await runtime.close()

    asyncio.run(note())
    _, checks = doctor(home)
    assert checks["record databases"]["status"] == "warn"
    assert "ASSAY_DATABASE_URL" in checks["record databases"]["remedy"]


def test_why_tells_from_the_record_what_the_ledger_has_forgotten(home: Path, broker: Broker, key_prefix: str) -> None:
    end(home, broker, "a", keep=True)

    async def forget() -> None:
        runtime = runtime_of(home, broker)
        try:
            client = runtime.state.connection.client  # type: ignore[attr-defined]
            await client.delete(*[key async for key in client.scan_iter(f"{key_prefix}state:*")])
        finally:
            await runtime.close()

    asyncio.run(forget())
    result = CliRunner().invoke(app, ["why", "a", "-c", str(home)])
    assert result.exit_code == 0, result.output
    assert "skipped (no_response), told by the record" in result.output
    unknown = CliRunner().invoke(app, ["why", "b", "-c", str(home)])
    assert "nor the record has it" in str(unknown.exception)


def keep(home: Path, broker: Broker) -> None:
    """One tick of the keeper."""

    async def work() -> None:
        runtime = runtime_of(home, broker)
        try:
            await runtime.keep_history()
        finally:
            await runtime.close()

    asyncio.run(work())


def test_password_that_nobody_encoded_is_shown_nowhere(
    home: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (f"assay:MARK@{PASSWORD}@127.0.0.1:9/assay", f"as/say:{PASSWORD}@127.0.0.1:9/assay"):
        monkeypatch.setenv("ASSAY_DATABASE_URL", f"postgresql://{address}")
        end(home, broker, address, keep=True)
        output, checks = doctor(home)
        assert (checks["record"]["status"], checks["record"]["is_configuration"]) == ("fail", True)
        assert "percent-encode the password" in checks["record"]["message"]
        (warning,) = status(home)["warnings"]
        assert PASSWORD not in output + warning


def test_entry_that_cannot_be_read_is_named_and_the_others_get_their_rows(
    home: Path, broker: Broker, key_prefix: str
) -> None:
    end(home, broker, "a", "b", keep=False)

    async def change(value: str) -> None:
        runtime = runtime_of(home, broker)
        try:
            client = runtime.state.connection.client  # type: ignore[attr-defined]
            await client.hset(f"{key_prefix}state:entry:grounding\x1fa", "judgement", value)
        finally:
            await runtime.close()

    asyncio.run(change('{"verdict_key": {"newer": "geheim"}}'))
    keep(home, broker)
    output, checks = doctor(home)
    assert "1 rows" in checks["record"]["message"]
    assert checks["record writing"]["status"] == "fail"
    assert "trace 'a' (rubric grounding) cannot be read" in checks["record writing"]["message"]
    assert PASSWORD not in output
    assert len(status(home)["warnings"]) == 1
    asyncio.run(change(""))
    keep(home, broker)
    assert (doctor(home)[1]["record writing"]["status"], status(home)["warnings"]) == ("ok", [])
    assert "2 rows" in doctor(home)[1]["record"]["message"]


def test_restored_backup_gets_what_ended_since(home: Path, broker: Broker) -> None:
    """As the reference says: workers stopped, the file put in place, its -wal and -shm removed."""
    file, backup = home / "data" / FILE, home / "backup.db"
    end(home, broker, "a", keep=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    end(home, broker, "b", "c", keep=True)
    for path in file.parent.glob(f"{FILE}*"):
        path.unlink()
    shutil.copy(backup, file)
    assert "1 rows" in doctor(home)[1]["record"]["message"]
    keep(home, broker)
    _, checks = doctor(home)
    assert "3 rows" in checks["record"]["message"]
    assert "record databases" not in checks
