"""Short answers are decided by rules, and what a rule proves wrong fails: no gate loses them as not calibrated."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.schema import Claim, ClaimVerdict, GroundingState, Scored, Span, Tier, Verdict
from assay.worker.golden.gate.comparison import compare
from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.golden.results.item_status import ItemStatus, decide
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.concurrency import limit_of
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.runs.run import RunPlan, run_golden
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.targets import RecordedTarget
from tests.unit.worker.golden.golden_sets import a_set, frozen_set, rubric_named

EVIDENCE = "The code of depot number 1 is 1007. It lies in sector 2. The depot in Oslo is open on Sundays."
CASES = [
    (
        "What is the code of depot number 1?",
        "The code of depot number 1 is 1007.",
        "The code of depot number 1 is 5010.",
    ),
    ("What is the code of depot number 1?", "1007", "5010"),
    ("Which sector does it lie in?", "2", "7"),
    ("Is the depot in Oslo open on Sundays?", "Yes.", "No."),
    ("Where is the depot?", "Oslo", "Bergen"),
    ("What is the code?", "The code of depot number 1 is 1007.", "The text does not say what the code of depot 1 is."),
]


def anchor(number: int) -> dict[str, Any]:
    """A labelled answer on which the local judge is right."""
    wrong = number % 2
    said = "Purple elephants invented the telephone in Berlin." if wrong else "The depot in Oslo is open on Sundays."
    sample = {"id": "s", "question": f"{number}?", "contexts": [EVIDENCE], "response": said}
    return {"id": f"a{number}", "label": wrong, "sample": sample}


def test_wrong_short_answers_regress_a_release_and_right_ones_pass(tmp_path: Path) -> None:
    items = [
        {"id": f"q{n}", "question": f"{CASES[n % 6][0]}", "contexts": [EVIDENCE, f"Note {n}."], "tags": ["t"]}
        for n in range(12)
    ]
    sides = {side: {f"q{n}": CASES[n % 6][at] for n in range(12)} for side, at in (("old", 1), ("new", 2))}
    labelled = [anchor(n) for n in range(40)]
    golden = frozen_set(tmp_path / "set", items, releases=sides, labelled=labelled)
    evaluator = Evaluator(rubric_named("grounding"), LocalJudge())

    async def run(release: str) -> GoldenRun:
        target = RecordedTarget(golden.release_path(release))
        return await run_golden(golden, target, evaluator, plan=RunPlan(limit_of(4)))

    old, new = asyncio.run(run("old")), asyncio.run(run("new"))
    assert [old.count(status) for status in ItemStatus] == [12, 0, 0]
    assert [new.count(status) for status in ItemStatus] == [0, 12, 0]
    exam = asyncio.run(examine_judge(golden, evaluator, concurrency=4))
    assert compare(old, new, golden, exam).verdict is GateVerdict.REGRESSED


@pytest.mark.parametrize(
    ("judge", "source", "verdict", "risk", "status"),
    [
        ("llm", "rule:values", ClaimVerdict.CONTRADICTED, 0.9, ItemStatus.FAILED),
        ("llm", "rule:polarity", ClaimVerdict.CONTRADICTED, 0.9, ItemStatus.FAILED),
        ("llm", "rule:values", ClaimVerdict.CONTRADICTED, 0.3, ItemStatus.MISSING),
        ("llm", "rule:values", ClaimVerdict.NOT_FOUND, 0.9, ItemStatus.MISSING),
        ("llm", "llm", ClaimVerdict.CONTRADICTED, 0.9, ItemStatus.MISSING),
        ("llm", "llm", ClaimVerdict.SUPPORTED, 0.1, ItemStatus.MISSING),
        ("local", "local", ClaimVerdict.CONTRADICTED, 0.9, ItemStatus.FAILED),
        ("local", "local", ClaimVerdict.SUPPORTED, 0.1, ItemStatus.PASSED),
    ],
)
def test_without_calibration_only_rules_decide(
    tmp_path: Path, judge: str, source: str, verdict: ClaimVerdict, risk: float, status: ItemStatus
) -> None:
    manifest = a_set(tmp_path, {}).manifest
    claim = Claim(text="It is 5.", span=Span(start=0, end=8), verdict=verdict, source=source)
    outcome = Scored(
        scores={"hallucination_risk": risk},
        not_applicable={},
        state=GroundingState.JUDGED,
        comment="",
        revision="r",
        verdict=Verdict(judge=judge, tier=Tier.SCREEN, claims=(claim,), risk=risk),
    )
    item = GoldenItem(id="a", question="?", contexts=("It is 4.",))
    assert decide(item, "It is 5.", outcome, manifest)[0] is status
