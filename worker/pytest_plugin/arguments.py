"""What a test hands to `assay.check`: read as `judge()` reads a row, or refused in a line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import JudgeName, Rubric
from assay.judges.schema import Sample
from assay.judges.team_files.near_names import did_you_mean
from assay.judges.team_files.problems import first_problem
from assay.worker.batch.reading import SampleLine
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem, Threshold
from assay.worker.golden.targets import TargetResponse

Limits = tuple[tuple[str, Threshold], ...]
"""The limits that an answer must keep, e.g. `(("faithfulness", Threshold(at_least=0.8)),)`. A score may have two."""

TEXTS: Final = {"question": "the question", "response": "the answer", "reference": "the answer"}
"""Arguments that are text, and what they hold."""


def read_sample(test: str, **values: Any) -> Sample:
    """The sample that a check judges. Evidence may be one passage, or passages as `judge()` takes them.

    Args:
        test: pytest's name of the test.
        values: question, history, contexts, response, reference.

    Raises:
        ConfigurationError: names the argument and the remedy.
    """
    for name, value in values.items():
        if inspect.isawaitable(value):
            _discard(value)
            raise ConfigurationError(f"check: {name}: was not awaited; write `await` before the call that gives it")
    for name, what in TEXTS.items():
        value = values.get(name)
        if not isinstance(value, str | bytes) and (name == "response" or value is not None):
            raise ConfigurationError(f"check: {name}: is {_kind(value)}; give {what} as text")
    contexts = values.get("contexts")
    line = {
        **values,
        "id": test,
        "history": _listed("history", values.get("history"), "turns"),
        "contexts": contexts if isinstance(contexts, str) else _listed("contexts", contexts, "passages"),
    }
    try:
        parsed = SampleLine.model_validate(line)
        return Sample(**parsed.model_dump(include=set(Sample.model_fields) - {"metadata"}))
    except ValidationError as exc:
        key, remedy = first_problem(exc, line, SampleLine)
        raise ConfigurationError(f"check: {key}: {remedy}") from None


def read_limits(rubric: Rubric, at_most: object, at_least: object) -> Limits:
    """The limits of a check. Without any, the risk that the rubric calls high.

    Raises:
        ConfigurationError: names the score and the remedy.
    """
    sides = {"at_most": _limits_by_score("at_most", at_most), "at_least": _limits_by_score("at_least", at_least)}
    unknown = sorted({str(name) for limits in sides.values() for name in limits} - set(rubric.scores))
    if unknown:
        raise ConfigurationError(
            f"check: {', '.join(unknown)}: rubric {rubric.name} has no such score; it has {', '.join(rubric.scores)}"
        )
    limits = tuple((name, _limit(side, name, value)) for side, given in sides.items() for name, value in given.items())
    if limits:
        return limits
    if "hallucination_risk" not in rubric.scores:
        raise ConfigurationError(
            f"check: rubric {rubric.name} gives no risk; say at_most or at_least, for {', '.join(rubric.scores)}"
        )
    return (("hallucination_risk", Threshold(at_most=rubric.risk_labels.high)),)


def check_judge(rubric: object, judge: object) -> None:
    """Refuse a judge that does not exist, and a rubric that is no name.

    Raises:
        ConfigurationError
    """
    if rubric is not None and not isinstance(rubric, str):
        raise ConfigurationError(f"check: rubric: is {_kind(rubric)}; give its name")
    if judge is not None and judge not in get_args(JudgeName):
        raise ConfigurationError(f"check: judge: {judge!r} is unknown; {did_you_mean(str(judge), get_args(JudgeName))}")


def item_of_set(item: object, golden: GoldenSet | None) -> tuple[GoldenSet, GoldenItem]:
    """The set that a test is marked with, and an item of it.

    Raises:
        ConfigurationError
    """
    if not isinstance(item, GoldenItem):
        raise ConfigurationError(
            f"check: is given {_kind(item)} in the place of an item of a golden set; without a set give "
            "question=, contexts= and response= by name"
        )
    if golden is None or item not in golden.items:
        raise ConfigurationError(
            f"item {item.id!r}: is none of the set that the test is marked with; mark it with "
            '@pytest.mark.assay_set("NAME"), and take the items from its argument `item`'
        )
    return golden, item


def check_item_decides(golden: GoldenSet, item: GoldenItem, given: Mapping[str, object]) -> None:
    """Refuse arguments that an item and its set bring along, unless they say the same.

    Args:
        golden: the set.
        item: of the set.
        given: question, history, reference, rubric, judge, at_most and at_least, as the test gave them.

    Raises:
        ConfigurationError
    """
    brought = item.model_dump(include={"question", "reference"}) | {
        "history": item.history,
        "rubric": golden.rubric.name,
    }
    unused = [name for name, value in given.items() if value and value != brought.get(name)]
    if unused:
        raise ConfigurationError(
            f"check: {', '.join(unused)}: the item of a golden set and its manifest.yaml decide; leave it out, or "
            "check the answer without the item"
        )


def check_latency(latency_s: object) -> None:
    """Refuse a latency that is no number of seconds.

    Raises:
        ConfigurationError
    """
    try:
        TargetResponse.model_validate({"response": "", "latency_s": latency_s})
    except ValidationError:
        raise ConfigurationError(f"check: latency_s: is {latency_s!r}; give seconds, 0 or more") from None


def _listed(name: str, value: object, what: str) -> list[Any]:
    """A list of what was given. Text and mappings are refused: their parts are letters and keys."""
    if value is None:
        return []
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(f"check: {name}: is {_kind(value)}; give a list of {what}")
    return [list(part) if isinstance(part, tuple) else part for part in value]


def _limits_by_score(side: str, limits: object) -> Mapping[str, Any]:
    if limits is None:
        return {}
    if not isinstance(limits, Mapping):
        raise ConfigurationError(
            f"check: {side}: is {_kind(limits)}; give scores and their limits, as {side}={{'hallucination_risk': 0.3}}"
        )
    return limits


def _limit(side: str, name: str, value: object) -> Threshold:
    try:
        return Threshold.model_validate({side: value})
    except ValidationError:
        raise ConfigurationError(f"check: {side}: {name}: is {value!r}; give a number from 0 to 1") from None


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _discard(value: object) -> None:
    """Close a coroutine that nobody will await, or Python warns of it beside our message."""
    if inspect.iscoroutine(value):
        value.close()
