"""Runs and gate results as JUnit XML: one case an item, and one for the gate's own verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree

from assay.judges.schema import Scored
from assay.worker.golden.report.wording.answers import claim_words
from assay.worker.golden.report.wording.exam import fallen_words
from assay.worker.golden.report.wording.facts import gate_facts, run_facts
from assay.worker.golden.report.wording.next_steps import shown_fallen
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult


class Case(NamedTuple):
    """One test case; `kind` is failure, error or empty for a pass."""

    name: str
    kind: str
    message: str
    text: str
    seconds: float


def run_junit(run: GoldenRun) -> str:
    """A run as JUnit XML: failed is a failure, missing is an error."""
    groups: dict[str, list[ItemResult]] = {}
    for result in run.items:
        groups.setdefault(result.id, []).append(result)
    cases = [_case(name, results) for name, results in groups.items()]
    facts = [*run_facts(run), *fallen_words(run.exam), f"evaluator {run.revision}"]
    return _document(
        [_suite(f"{run.golden_set} {run.target}", run.golden_set, cases, facts, (run.started, run.finished))]
    )


def gate_junit(result: GateResult) -> str:
    """A gate as JUnit XML: its candidate's items, and its verdict as a case of its own.

    The verdict is a case because it is no sum of the others: a gate can stop for a judge that cannot be believed while
    every item passes, and let items through that failed before, too.
    """
    cases = []
    for pair in result.pairs:
        before = _outcome(pair.baseline)[0]
        note = "" if before == "" else "; in the baseline, too"
        cases.append(_case(pair.id, pair.candidate, note))
    kinds = {GateVerdict.PASS: "", GateVerdict.REGRESSED: "failure", GateVerdict.INCONCLUSIVE: "error"}
    facts = [*shown_fallen(result), *(f"next: {step}" for step in result.next_steps), *gate_facts(result)]
    message = "; ".join((*result.reasons, *(f"warning: {warning}" for warning in result.warnings)))
    gate = Case(f"gate: {result.verdict.value}", kinds[result.verdict], message, "\n".join(facts), 0.0)
    names = result.golden_set, (result.started, result.finished)
    return _document(
        [
            _suite(f"{result.golden_set} gate", f"{names[0]}.gate", [gate], facts, (None, None)),
            _suite(f"{result.golden_set} {result.candidate}", names[0], cases, [], names[1]),
        ]
    )


def _case(name: str, results: Sequence[ItemResult], note: str = "") -> Case:
    kind, telling = _outcome(results)
    message = "; ".join(telling.reasons) or telling.status.value
    if len(results) > 1:
        passed = sum(item.status is ItemStatus.PASSED for item in results)
        message = f"{passed} of {len(results)} answers passed; {message}"
    return Case(name, kind, message + note, claim_words(telling), sum(_seconds(item) for item in results))


def _outcome(results: Sequence[ItemResult]) -> tuple[str, ItemResult]:
    """How an item's case ends, and the answer that shows it: it passes if most of its answers do."""
    passed = [item for item in results if item.status is ItemStatus.PASSED]
    if 2 * len(passed) > len(results):
        return "", passed[0]
    failed = [item for item in results if item.status is ItemStatus.FAILED]
    if failed:
        return "failure", failed[0]
    return "error", next(item for item in results if item.status is ItemStatus.MISSING)


def _seconds(item: ItemResult) -> float:
    verdict = item.outcome.verdict if isinstance(item.outcome, Scored) else None
    return (item.target_latency_s or 0.0) + (verdict.latency_s if verdict is not None else 0.0)


def _suite(
    name: str,
    classname: str,
    cases: Sequence[Case],
    facts: Iterable[str],
    times: tuple[datetime | None, datetime | None],
) -> ElementTree.Element:
    started, finished = times
    seconds = (finished - started).total_seconds() if started is not None and finished is not None else 0.0
    kinds = [case.kind for case in cases]
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(name),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped="0",
        time=f"{seconds:.3f}",
    )
    if started is not None:
        suite.set("timestamp", started.replace(microsecond=0, tzinfo=None).isoformat())
    for case in cases:
        element = ElementTree.SubElement(
            suite, "testcase", classname=_xml(classname), name=_xml(case.name), time=f"{case.seconds:.3f}"
        )
        if case.kind:
            entry = ElementTree.SubElement(element, case.kind, message=_xml(case.message), type=case.kind)
            entry.text = _xml(case.text)
    lines = [_xml(fact) for fact in facts]
    if lines:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(lines)
    return suite


def _document(suites: Sequence[ElementTree.Element]) -> str:
    counts = {key: str(sum(int(suite.attrib[key]) for suite in suites)) for key in ("tests", "failures", "errors")}
    root = ElementTree.Element("testsuites", counts)
    root.extend(suites)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Text without the characters XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "\ufffd", text)
