"""Runs and gate results on the terminal, in Markdown, JSON and JUnit XML; judged text stays text."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from rich.console import Console

from tests.unit.worker.golden_sets import IDS, WrittenJudge, a_set, answers, exam_of, run_release
from worker.golden.comparison import GateResult
from worker.golden.decide import ItemStatus
from worker.golden.gate import compare
from worker.golden.render import (
    gate_json,
    gate_junit,
    gate_markdown,
    print_gate,
    print_run,
    run_json,
    run_junit,
    run_markdown,
)
from worker.golden.result import GoldenRun

T = TypeVar("T")

HOSTILE = (
    "[red]bold[/red] <script>alert(1)</script> | `x` @everyone \x1b[31m\x00 ]]> & \u202e [a](http://evil.test) risk=0.9"
)


def _hostile(tmp_path: Path) -> tuple[GoldenRun, GateResult]:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(q0=HOSTILE, q1=f"fail {HOSTILE}")})
    run = run_release(golden, "new")
    (first, *rest) = run.items
    claim = first.worst_claim
    assert claim is not None
    named = first.model_copy(update={"worst_claim": claim.model_copy(update={"text": HOSTILE}), "reasons": (HOSTILE,)})
    run = run.model_copy(update={"items": (named, *rest)})
    return run, compare(run_release(golden, "old"), run, golden, exam_of(golden))


def _terminal(show: Callable[[T, Console], None], what: T) -> str:
    console = Console(width=160, record=True, file=StringIO())
    show(what, console)
    return console.export_text()


def test_the_terminal_shows_judged_text_as_text(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    for text in (_terminal(print_run, run), _terminal(print_gate, result)):
        assert "[red]bold[/red]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    shown = _terminal(print_gate, result)
    assert shown.startswith("INCONCLUSIVE (exit 3)")
    assert "n = 40" in shown
    assert "judge exam passed" in shown
    assert "drops from" in shown


def test_markdown_shows_judged_text_as_text(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    for text in (run_markdown(run), gate_markdown(result)):
        assert "<script>" not in text
        assert "@everyone" not in text
        assert "](http" not in text
        table = [line for line in text.splitlines() if line.startswith("|")]
        assert {line.replace("\\|", "").count("|") for line in table} == {5}


def test_junit_has_one_case_an_item(tmp_path: Path) -> None:
    run, _ = _hostile(tmp_path)
    suite = ElementTree.fromstring(run_junit(run))
    assert {key: suite.attrib[key] for key in ("tests", "failures", "errors")} == {
        "tests": "40",
        "failures": "1",
        "errors": "1",
    }
    assert len(suite.findall("testcase")) == 40
    assert suite.find("testcase[@name='q1']/error") is not None
    failure = suite.find("testcase[@name='q0']/failure")
    assert failure is not None
    assert "<script>" in failure.attrib["message"]


def test_json_is_versioned_and_carries_the_exit_code(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    data = json.loads(gate_json(result))
    assert (data["schema"], data["exit_code"], data["verdict"]) == (2, 3, "inconclusive")
    assert GoldenRun.model_validate_json(run_json(run)) == run
    assert GateResult.model_validate_json(result.model_dump_json()) == result


def test_a_run_without_troubles_is_shown_shortly(tmp_path: Path) -> None:
    run = run_release(a_set(tmp_path, {"r": answers()}), "r", WrittenJudge(cost_usd=None))
    text = _terminal(print_run, run)
    assert "40 passed, 0 failed, 0 missing" in text
    assert "cost unknown" in text
    assert "| item |" not in run_markdown(run)


def test_repeats_warnings_and_the_judges_change_are_told(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": dict.fromkeys(IDS, "risk=0.1"), "new": dict.fromkeys(IDS, "risk=0.4")})
    old, new = (run_release(golden, release, repeats=2) for release in ("old", "new"))
    sways = new.items[1].model_copy(update={"status": ItemStatus.FAILED, "reasons": (HOSTILE,)})
    new = new.model_copy(update={"items": (new.items[0], sways, *new.items[2:])})
    result = compare(old, new, golden, exam_of(golden))
    for text in (_terminal(print_gate, result), gate_markdown(result).replace("\\", "")):
        assert "warning: groundedness worse: 0.900 → 0.600" in text
        assert "1 unstable items, passing in one repeat and failing in another: q1" in text
        assert "worse in 1 of 2" in text
        assert "40 items asked 2 times" in text
        assert "examining the judge: 40 model calls" in text
    suite = ElementTree.fromstring(gate_junit(result))
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("80", "1")
    assert suite.find("testcase[@name='q1 #1']/failure") is not None
