"""`assay dead`: what is chosen, what is asked, and how much one call does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.launch.broker import Broker
from assay.worker.records.ledger import LedgerState
from assay.worker.state.redis.state import redis_state
from tests.contract.state.making import NOW, SOON, promise, transition

Invoke = Callable[..., Result]
N = 30


@pytest.fixture
def dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Invoke:
    """Runs `assay dead` on 30 letters: every third is poison, the others an outage, ten of them of `search`."""
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]")
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)

    async def fill() -> None:
        state = redis_state(broker.url, prefix=key_prefix)
        cases = {f"t{n:02}": "search" if n < 10 else "bot" for n in range(N)}
        await state.ledger.promise([promise(name, use_case=case) for name, case in cases.items()], now=NOW, due=SOON)
        reasons = {name: "poison" if int(name[1:]) % 3 == 0 else "ModelUnavailable" for name in cases}
        ends = [transition(t, LedgerState.OPEN, LedgerState.DEAD, reason=why) for t, why in reasons.items()]
        await state.ledger.apply("grounding", ends, now=NOW)
        await state.close()

    asyncio.run(fill())

    def invoke(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, ["dead", *words, "--config", str(tmp_path)], input=typed)

    return invoke


def listed(dead: Invoke, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(dead("ls", "--json", *words).stdout)
    return told


def test_letters_are_counted_by_reason_before_a_few_are_listed(dead: Invoke) -> None:
    shown = dead("ls", "--limit", "2")
    assert shown.stdout.index("what to do") < shown.stdout.index("gave up at"), shown.stdout
    assert "2 of 30 listed" in shown.stdout
    told = listed(dead, "--limit", "2")
    counts = {(count["reason"], count["use_case"]): count["letters"] for count in told["counts"]}
    assert counts == {
        ("ModelUnavailable", "bot"): 14,
        ("ModelUnavailable", "search"): 6,
        ("poison", "bot"): 6,
        ("poison", "search"): 4,
    }
    assert (told["total"], [letter["trace_id"] for letter in told["oldest"]]) == (30, ["t00", "t01"])


@pytest.mark.parametrize(
    ("words", "n"),
    [
        (["--reason", "poison"], 10),
        (["--use-case", "search"], 10),
        (["--use-case", "search", "--reason", "poison"], 4),
        (["--since", "2026-11-22"], 0),
        (["--until", "2026-11-21"], 30),
        (["--until", "2026-11-20"], 0),
    ],
)
def test_filters_choose(dead: Invoke, words: list[str], n: int) -> None:
    assert listed(dead, *words)["total"] == n


def test_filters_alone_choose_for_a_replay_and_it_asks(dead: Invoke) -> None:
    refused = dead("replay", "--reason", "poison", typed="n\n")
    assert refused.exit_code == 2
    assert "replay 10 of 10?" in refused.stdout
    assert listed(dead)["total"] == 30
    done = dead("replay", "--reason", "poison", typed="y\n")
    assert (done.exit_code, "10 opened again" in done.stdout) == (0, True)
    assert dead("replay", "--reason", "poison", "--yes").exception is not None, "no letter has this reason any more"
    assert listed(dead)["total"] == 20


def test_one_call_does_a_limited_number_and_says_what_is_left(dead: Invoke) -> None:
    done = dead("drop", "--all", "--yes", "--limit", "12")
    assert "12 dismissed; 18 more wait for the same command" in done.stdout
    assert "18 dismissed\n" in dead("drop", "--all", "--yes").stdout
    assert "0 dismissed\n" in dead("drop", "--all", "--yes").stdout


def test_named_traces_are_not_asked_about(dead: Invoke) -> None:
    assert "1 opened again" in dead("replay", "t01").stdout
    again = dead("replay", "t01")
    assert isinstance(again.exception, ConfigurationError)
    assert str(again.exception) == "1 of the traces have no dead letter; see `assay dead ls`"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "name trace ids, or choose by"),
        (["t01", "--all"], "leave one out"),
        (["--reason", "poisson"], "did you mean 'poison'?"),
        (["--use-case", "serach"], "did you mean 'search'?"),
        (["--since", "x"], "--since: 'x' is no moment"),
        (["--since", "1h", "--until", "2h"], "exchange them"),
    ],
)
def test_what_cannot_be_meant_is_refused(dead: Invoke, words: list[str], problem: str) -> None:
    refused = dead("replay", "--yes", *words)
    assert isinstance(refused.exception, ConfigurationError)
    assert problem in str(refused.exception)
