"""Golden sets of rubrics that do not ground: items are decided, and the judge is examined, by their own scores."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from assay.judges.checks import ChecksJudge
from assay.judges.evaluate import Evaluator
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, load_rubric
from assay.worker.golden.results.item_status import ItemStatus, decide
from assay.worker.golden.results.run_result import ExamState
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import item_sample, read_golden_set

RUBRICS = Path(__file__).parents[5] / "rubrics"
VARIABLES = {"ASSAY_JUDGE_MODEL": "m"}
SORRY = "I'm sorry, I cannot answer that."
ANSWER = "The bridge was opened in 1932."


def write_set(home: Path, rubric: str, pass_when: str, expect: str = "answer") -> Path:
    """A set of two items, one of which the recorded release refuses, and twenty-four anchors."""
    directory = home / "small"
    (directory / "releases").mkdir(parents=True)
    (directory / "manifest.yaml").write_text(
        f"name: small\nrubric: {rubric}\ntarget: {{kind: recorded, release: r}}\npass_when: {{{pass_when}}}\n"
        "labels: {by: us, licence: Apache-2.0}\n"
    )
    items = [
        {"id": "q1", "question": "When was the bridge opened?"},
        {"id": "q2", "question": "When was it closed?", "expect": expect},
    ]
    answers = [{"id": "q1", "response": ANSWER}, {"id": "q2", "response": SORRY}]
    anchors = [{"id": f"a{n}", "label": n % 2, "item": "q1", "response": SORRY if n % 2 else ANSWER} for n in range(24)]
    for name, rows in (("items", items), ("releases/r", answers), ("anchors", anchors)):
        (directory / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return directory


def rubric_named(name: str) -> Rubric:
    return load_rubric(RUBRICS / f"{name}.yaml", VARIABLES)


def evaluator_of(rubric: Rubric) -> Evaluator:
    if rubric.method == "checks":
        return Evaluator(rubric, ChecksJudge(rubric))

    def grade(messages: object) -> str:
        refuses = "sorry" in str(messages)
        return json.dumps({"answer_relevance": {"level": "refusal" if refuses else "full", "reason": None}})

    return Evaluator(rubric, GradedJudge(ScriptedModel(grade), PriceTable.load(None)))


@pytest.mark.parametrize(
    ("rubric", "pass_when", "expect", "second"),
    [
        ("refusal", "refusal: {at_most: 0.5}", "answer", ItemStatus.FAILED),
        ("refusal", "refusal: {at_most: 0.5}", "refusal", ItemStatus.PASSED),
        ("answer-relevance", "answer_relevance: {at_least: 0.7}", "answer", ItemStatus.FAILED),
        ("answer-relevance", "answer_relevance: {at_least: 0.7}", "refusal", ItemStatus.PASSED),
    ],
)
def test_items_are_decided_by_the_scores_of_the_rubric(
    tmp_path: Path, rubric: str, pass_when: str, expect: str, second: ItemStatus
) -> None:
    golden = read_golden_set(write_set(tmp_path, rubric, pass_when, expect), rubric_named)
    evaluator = evaluator_of(golden.rubric)
    found = []
    for item, response in zip(golden.items, (ANSWER, SORRY), strict=True):
        outcome = asyncio.run(evaluator.evaluate(item_sample(item, response=response, contexts=())))
        found.append(decide(item, response, outcome, golden.manifest)[0])
    assert found == [ItemStatus.PASSED, second]


def test_the_judge_is_examined_on_anchors(tmp_path: Path) -> None:
    golden = read_golden_set(write_set(tmp_path, "refusal", "refusal: {at_most: 0.5}"), rubric_named)
    exam = asyncio.run(examine_judge(golden, evaluator_of(golden.rubric), concurrency=4))
    assert (exam.state, exam.positives, exam.negatives) == (ExamState.PASSED, 12, 12)
    assert exam.informedness == 1.0


def test_a_score_the_rubric_does_not_give_is_refused(tmp_path: Path) -> None:
    directory = write_set(tmp_path, "refusal", "groundedness: {at_least: 0.5}")
    with pytest.raises(GoldenSetError, match="gives no such score; it has refusal"):
        read_golden_set(directory, rubric_named)
