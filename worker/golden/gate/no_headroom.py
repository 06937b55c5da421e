"""Whether a comparison could have shown a regression at all: there must be something left to lose."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.schema import GroundingState
from assay.judges.text.reasoning import without_reasoning
from assay.worker.golden.gate.findings import (
    BaselinePassesNothing,
    CandidateSaysNothing,
    Finding,
    TooFewClusters,
    TooLittleToLose,
)
from assay.worker.golden.gate.metric_tests import GateTests
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.sets.manifest import GateSettings, GoldenItem

_SAYS_NOTHING = (GroundingState.REFUSAL.value, GroundingState.NO_CLAIMS.value)


def no_headroom(
    baseline: GoldenRun, candidate: GoldenRun, items: Sequence[GoldenItem], tests: GateTests, settings: GateSettings
) -> list[Finding]:
    """Why a comparison without a difference would prove nothing; empty where it would."""
    passed = baseline.count(ItemStatus.PASSED)
    findings: list[Finding] = []
    if baseline.completed and not passed:
        findings.append(BaselinePassesNothing())
    wanted = {item.id for item in items if item.expect == "answer"}
    answers = [item for item in candidate.items if item.id in wanted and item.status is not ItemStatus.MISSING]
    if answers and all(_says_nothing(answer) for answer in answers):
        findings.append(CandidateSaysNothing(len(answers)))
    if not findings and tests.least_p > settings.alpha:
        findings.append(_too_little(tests, passed, len(baseline.items), settings))
    return findings


def _too_little(tests: GateTests, passed: int, answers: int, settings: GateSettings) -> Finding:
    """Why nothing could have been shown: too few clusters of items that would do alone, or too little that passes."""
    primary, alpha = tests.primary, settings.alpha
    if tests.least_p_alone <= alpha:
        return TooFewClusters(primary.n, primary.clusters, settings.cluster_by, tests.least_p, alpha)
    return TooLittleToLose(primary, passed, answers, tests.least_p, alpha)


def _says_nothing(item: ItemResult) -> bool:
    return item.state in _SAYS_NOTHING or not without_reasoning(item.response or "").strip()
