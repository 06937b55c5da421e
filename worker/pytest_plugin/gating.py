"""The gate over the answers that tests gave: statistics of the whole run, the judge's exam, a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.uncalibrated import uncalibrated_risk
from assay.worker.golden.targets import TargetFailure, TargetResponse
from assay.worker.pytest_plugin.checked import Checked
from assay.worker.pytest_plugin.checks import answered_twice
from assay.worker.pytest_plugin.judging import Judges
from assay.worker.wiring.golden_calls import command_call

CONCURRENCY = 8
TARGET = "pytest"


class TestedAnswers:
    """A golden set's answers as tests gave them, to each item one."""

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


def check_gate(judges: Judges, name: str, baseline: str | None) -> None:
    """Everything that can be known to be wrong with a gate before the application is asked anything.

    Raises:
        ConfigurationError: the set, its baseline or its judge cannot be used.
    """
    call, _ = _call(judges, name)
    call.baseline(baseline)


def gate_answers(judges: Judges, name: str, checks: Sequence[Checked], baseline: str | None) -> GateResult:
    """Compare the answers that tests gave with the set's baseline, and keep the result as `assay gate` does.

    Args:
        judges: who judges.
        name: of the set.
        checks: of its items.
        baseline: what they are compared with; None: the set's own.

    Raises:
        ConfigurationError: the set cannot be used, has no baseline, or has two answers to an item.
    """
    _check_answered_once(checks)
    call, evaluator = _call(judges, name)
    result = judges.waited_for(call.gate(call.baseline(baseline), TestedAnswers(checks), evaluator))
    call.keep(result)
    call.forget_journal(result)
    return result


def _call(judges: Judges, name: str) -> tuple[GoldenCall, Evaluator]:
    golden = judges.golden_set(name)
    problem = uncalibrated_risk(golden, is_calibrated=judges.root.has_calibration(golden.rubric))
    if problem is not None:
        raise ConfigurationError(f"{golden.directory / 'manifest.yaml'}: gate: {problem}")
    call = command_call(judges.root, judges.settings, golden, concurrency=CONCURRENCY, repeats=1)
    return call, judges.evaluator(golden.rubric, None)


def _check_answered_once(checks: Sequence[Checked]) -> None:
    """Refuse to choose between two answers: the verdict would depend on the order of the tests."""
    twice = answered_twice(checks)
    if not twice:
        return
    tests = " and ".join(dict.fromkeys(checked.test for checked in next(iter(twice.values()))))
    items = f"{len(twice)} items have" if len(twice) > 1 else "1 item has"
    raise ConfigurationError(
        f"{items} two different answers, e.g. of {tests}; nothing is decided. Have each item answered once: "
        "choose tests with -k, or gate each variant in a run of its own"
    )
