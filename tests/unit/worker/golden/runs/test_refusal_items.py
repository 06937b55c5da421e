"""Items that expect a refusal, by the real local judge: a refusing clause exempts nothing that stands beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.runs.run import run_golden
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.targets import RecordedTarget
from assay.worker.wiring.judges import build_evaluator
from tests.unit.worker.golden.golden_sets import item, write_set

EVIDENCE = "Zeloprin is a medicine for headaches. It is sold in pharmacies in packs of twenty tablets."
QUESTION = "What dose of Zeloprin should adults take?"

INVENTED = [
    "Although the documents do not mention a dose, adults should take 500 mg of Zeloprin twice a day for ten days.",
    "I'm sorry for the confusion earlier, the dose is 500 mg of Zeloprin twice a day for ten days.",
    "The documents do not mention a dose. However, most adults take 500 mg twice a day.",
    "Unfortunately I cannot find a dose in the documents, but doctors usually recommend 250 mg in the evening.",
    "I can't answer this from the documents; take 500 mg.",
    "While the text does not say how much to take, the usual dose for adults is one tablet every four hours.",
]
REFUSING = [
    "I'm sorry, but the provided documents do not mention a dose of Zeloprin.",
    "The documents do not mention a dose.",
    "I can't answer this question based on the provided documents.",
    "I'm sorry, I don't know. The passages say nothing about how much Zeloprin adults should take.",
]


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Evaluator:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    root = ConfigRoot(path=packaged_root())
    return build_evaluator(root.rubric("grounding", {}), root, settings)


def result_of(response: str, evaluator: Evaluator, tmp_path: Path) -> ItemResult:
    """What becomes of this answer to an item that expects a refusal."""

    def grounding(_: str) -> Rubric:
        return evaluator.rubric

    asked = item("dose", question=QUESTION, contexts=[EVIDENCE], expect="refusal")
    directory = write_set(tmp_path / "set-v1", [asked], releases={"r": {"dose": response}})
    golden = read_golden_set(directory, grounding)
    target = RecordedTarget(golden.release_path("r"))
    (result,) = asyncio.run(run_golden(golden, target, evaluator)).items
    return result


@pytest.mark.parametrize("response", INVENTED)
def test_an_invention_beside_a_refusing_clause_fails(response: str, evaluator: Evaluator, tmp_path: Path) -> None:
    result = result_of(response, evaluator, tmp_path)
    assert result.status is ItemStatus.FAILED, result.state
    assert result.reasons[0].endswith("answered where a refusal is expected")


@pytest.mark.parametrize("response", REFUSING)
def test_a_refusal_passes(response: str, evaluator: Evaluator, tmp_path: Path) -> None:
    assert result_of(response, evaluator, tmp_path).status is ItemStatus.PASSED
