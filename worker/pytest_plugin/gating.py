"""The gate over the answers that tests gave: statistics of the whole run, the judge's exam, a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from assay.judges.errors import ConfigurationError
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.uncalibrated import uncalibrated_risk
from assay.worker.golden.targets import TargetFailure, TargetResponse
from assay.worker.pytest_plugin.checked import Checked
from assay.worker.pytest_plugin.judging import Judges
from assay.worker.wiring.golden_calls import command_call

CONCURRENCY = 8
TARGET = "pytest"


class TestedAnswers:
    """A golden set's answers as tests gave them. Of two answers to an item the later one counts."""

    __test__ = False  # a name that pytest would take for a test

    def __init__(self, checks: Iterable[Checked]) -> None:
        self._answers = {checked.item_id: checked for checked in checks}

    @property
    def name(self) -> str:
        """What reports call it."""
        return TARGET

    @property
    def identity(self) -> str:
        """The name, and a digest of all answers."""
        digest = hashlib.sha256()
        for item_id in sorted(self._answers):
            digest.update(self._answers[item_id].model_dump_json().encode("utf-8", "surrogatepass"))
        return f"{TARGET} ({digest.hexdigest()[:12]})"

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """The answer that a test gave.

        Raises:
            TargetFailure: no test gave one.
        """
        answer = self._answers.get(item.id)
        if answer is None:
            raise TargetFailure(item.id, "missing", "no test checked an answer to it")
        return TargetResponse(response=answer.response, contexts=answer.contexts, latency_s=answer.latency_s)

    async def close(self) -> None:
        """Nothing is held."""


def gate_answers(judges: Judges, name: str, checks: Sequence[Checked], baseline: str | None) -> GateResult:
    """Compare the answers that tests gave with the set's baseline, and keep the result as `assay gate` does.

    Raises:
        ConfigurationError: the set cannot be used, or has no baseline.
    """
    golden = judges.golden_set(name)
    problem = uncalibrated_risk(golden, is_calibrated=judges.root.has_calibration(golden.rubric))
    if problem is not None:
        raise ConfigurationError(f"{golden.directory / 'manifest.yaml'}: gate: {problem}")
    call = command_call(judges.root, judges.settings, golden, concurrency=CONCURRENCY, repeats=1)
    evaluator = judges.evaluator(golden.rubric, None)
    answers = TestedAnswers(checked for checked in checks if checked.golden_set == name)
    result = judges.waited_for(call.gate(call.baseline(baseline), answers, evaluator))
    call.keep(result)
    call.forget_journal(result)
    return result
