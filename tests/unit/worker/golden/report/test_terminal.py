"""Runs and gate results on the terminal, in Markdown, JSON and JUnit XML; judged text stays text."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.report.json_report import gate_json, gate_schema, run_json, run_schema
from assay.worker.golden.report.junit import gate_junit, run_junit
from assay.worker.golden.report.markdown import gate_markdown, run_markdown
from assay.worker.golden.report.terminal import print_gate, print_run
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.report.wording.facts import gate_facts
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun
from tests.unit.worker.golden.golden_sets import (
    IDS,
    WrittenJudge,
    a_set,
    answers,
    compared,
    exam_of,
    run_confirmed,
    run_release,
)

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
    return run, compared(run_release(golden, "old"), run, golden, exam_of(golden))


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


def test_the_terminal_says_everything_a_decision_rests_on(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=9, q20="fail")}, gate={"must_pass": ["q3"]})
    result = compared(run_release(golden, "old"), run_confirmed(golden, "new"), golden, exam_of(golden))
    shown = " ".join(_terminal(lambda r, c: print_gate(r, c, ["page: out/gate.html"]), result).split())
    for part in (
        "must-pass item failed: q3",
        "pass rate changed by −25.0 points [90 % interval −",
        "10 worse, 0 better of 40; one-sided p = 0.000977",
        "missing: q20",
        "drops from",
        "judge exam passed",
        "0.0810 USD",
        f"evaluator {result.revision[:12]}, golden set {result.set_digest[:12]}",
        "page: out/gate.html",
    ):
        assert part in shown, part


def _tables(text: str) -> list[list[str]]:
    """The Markdown tables of a text, as lines."""
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return [block for block in blocks if block and block[0].startswith("|")]


def test_markdown_shows_judged_text_as_text(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    for text in (run_markdown(run), gate_markdown(result, "out/[x](y)|<b>.html")):
        assert "<script>" not in text
        assert "@everyone" not in text
        assert "](http" not in text
        assert "http://" not in text
        assert "<b>" not in text
        for table in _tables(text):
            assert len({line.replace("\\|", "").count("|") for line in table}) == 1


def test_markdown_for_a_pull_request_says_what_regressed_and_what_it_rests_on(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=20)})
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam_of(golden))
    text = gate_markdown(result, "https://ci.example/job/7/gate.html")
    assert text.startswith("### ❌ Gate: **regressed** (new against old, gate-v1)")
    assert "| **pass rate** | 100.0% | 50.0% | −50.0 points \\(90 % interval −" in text
    assert "| hallucination risk | 0.100 | 0.500 | \\+0.400 | 40 |" in text
    assert "[Both answers to every item, side by side](<https://ci.example/job/7/gate.html>)" in text
    assert "… and 10 more" in text
    for part in ("drops from", "judge exam passed", "USD", "evaluator", "0 missing"):
        assert part in text


def test_markdown_stays_one_comment_however_much_failed(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=40)})
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam_of(golden))
    long = result.model_copy(update={"reasons": tuple(f"must-pass item failed: {'x' * 200}{n}" for n in range(500))})
    assert len(gate_markdown(long)) < 65_536  # what GitHub takes


def test_a_link_that_is_no_address_is_shown_as_text(tmp_path: Path) -> None:
    _, result = _hostile(tmp_path)
    for link in ("javascript:alert(1)", "https://a.example/> <script>x</script>", "report/gate.html"):
        assert "](<" not in gate_markdown(result, link)


def test_junit_of_a_run_has_one_case_an_item(tmp_path: Path) -> None:
    run, _ = _hostile(tmp_path)
    root = ElementTree.fromstring(run_junit(run))
    (suite,) = root.findall("testsuite")
    for element in (root, suite):
        counts = {key: element.attrib[key] for key in ("tests", "failures", "errors")}
        assert counts == {"tests": "40", "failures": "1", "errors": "1"}
    assert len(suite.findall("testcase")) == 40
    assert suite.find("testcase[@name='q1']/error") is not None
    failure = suite.find("testcase[@name='q0']/failure")
    assert failure is not None
    assert "<script>" in failure.attrib["message"]


def test_junit_of_repeated_answers_still_has_one_case_an_item(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(bad=1), "new": answers(bad=2)})
    run = run_release(golden, "new", repeats=3)
    flipped = run.items[0].model_copy(update={"status": run.items[-1].status, "reasons": ()})
    run = run.model_copy(update={"items": (flipped, *run.items[1:])})
    suite = ElementTree.fromstring(run_junit(run)).find("testsuite")
    assert suite is not None
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("40", "2")
    failure = suite.find("testcase[@name='q0']/failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("1 of 3 answers passed; hallucination_risk")


def test_junit_of_a_gate_has_its_verdict_as_a_case(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(bad=1), "new": answers(bad=9)})
    old, new = run_release(golden, "old"), run_release(golden, "new")
    exam = exam_of(golden)
    for candidate, asked, kind in ((new, exam, "failure"), (old, exam, None), (old, None, "error")):
        verdict, items = ElementTree.fromstring(gate_junit(compared(old, candidate, golden, asked))).findall(
            "testsuite"
        )
        (case,) = verdict.findall("testcase")
        assert [child.tag for child in case] == ([kind] if kind else [])
        assert len(items.findall("testcase")) == 40
        assert "evaluator" in (verdict.findtext("system-out") or "")
    first = items.find("testcase[@name='q0']/failure")
    assert first is not None
    assert first.attrib["message"].endswith("in the baseline, too")


def test_json_is_versioned_and_carries_the_exit_code(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    data = json.loads(gate_json(result))
    assert (data["schema"], data["exit_code"], data["verdict"]) == (3, 3, "inconclusive")
    assert GoldenRun.model_validate_json(run_json(run)) == run
    assert GateResult.model_validate_json(result.model_dump_json()) == result


def test_json_meets_its_published_schema(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    for schema, text in ((gate_schema(), gate_json(result)), (run_schema(), run_json(run))):
        checker = jsonschema.Draft202012Validator(schema)
        checker.check_schema(schema)
        checker.validate(json.loads(text))
        for broken in ({"schema": 1}, {"verdict": "fine", "target": 7}, {"unheard_of": 1}):
            assert not checker.is_valid(json.loads(text) | broken)


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
    result = compared(old, new, golden, exam_of(golden))
    for text in (_terminal(print_gate, result), gate_markdown(result).replace("\\", "")):
        assert "warning: groundedness worse: 0.900 → 0.600" in text
        assert "1 unstable items, passing in one repeat and failing in another: q1" in text
        assert "worse in 1 of 2" in text
        assert "40 items asked 2 times" in text
        assert "examining the judge: 40 model calls" in text
    _, suite = ElementTree.fromstring(gate_junit(result)).findall("testsuite")
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("40", "1")
    failure = suite.find("testcase[@name='q1']/failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("1 of 2 answers passed; ")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "with 40 items drops from 19.8% are caught with 80 % power if 2% of the items flip each way by chance"),
        ({"primary": "groundedness"}, "which change of groundedness is caught is not known beforehand"),
        ({"mode": "non_inferiority", "margin": 0.07}, "an unchanged release is shown to be no worse than 7.0% with a "
         "probability of 52%; with 40 items drops from 19.8% are shown to be a regression with 80 % power"),
    ],
)  # fmt: skip
def test_what_a_gate_can_see_fits_its_metric_and_mode(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    golden = a_set(tmp_path, {"r": answers()}, gate=settings)
    run = run_release(golden, "r")
    (told,) = [line for line in gate_facts(compared(run, run, golden, exam_of(golden))) if words in line]
    assert told == effect_words(detectable_effect(golden, repeats=1))


def test_what_a_batch_judged_is_told_beside_its_cost(tmp_path: Path) -> None:
    run, result = _hostile(tmp_path)
    batched = (run.model_copy(update={"judged_by": "batch"}), result.model_copy(update={"judged_by": "batch"}))
    texts = [
        *(_terminal(print_run, one) for one in (run, batched[0])),
        *(_terminal(print_gate, one) for one in (result, batched[1])),
        *(run_markdown(one) for one in (run, batched[0])),
        *(gate_markdown(one) for one in (result, batched[1])),
    ]
    for live, by_batch in zip(texts[::2], texts[1::2], strict=True):
        assert "judged by batch" not in live
        assert "judged by batch" in by_batch
