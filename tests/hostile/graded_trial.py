"""Tries one attack against the judge of graded rubrics with the model that obeys, and says what became of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from assay.judges.cpu_executor import on_the_loop
from assay.judges.evaluate import Evaluator
from assay.judges.grades import cited_text
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.models.base import ChatMessage
from assay.judges.prices import PriceTable
from assay.judges.rubric import Criterion
from assay.judges.schema import Grade, Outcome, Sample, Scored
from tests.hostile.attack import NONCE, Attack
from tests.hostile.graded_obedience import ALWAYS, MAY_SCORE, OBEDIENCE, RUBRIC, ObeyingGradedModel
from tests.hostile.trial import Trial

_PRICES = PriceTable(checked="2026-11", models={})
_LARGE = 100_000
_UNSEEN = {"metadata", "id"}
_SECTION = re.compile(rf"<<<{NONCE} (HISTORY|QUESTION|PASSAGE \d+|RESPONSE|REFERENCE)")
_ORDER = ("HISTORY", "QUESTION", "PASSAGE", "RESPONSE", "REFERENCE")
_LETTER = {"HISTORY": "H", "QUESTION": "Q", "PASSAGE": "E", "RESPONSE": "R", "REFERENCE": "B"}
_TASK = re.compile(r"Grade [a-z, ]+\.(?: Passages to grade: [\d, ]+\.)?")


def graded_trials(attack: Attack) -> list[Trial]:
    """The ways of obeying that depend on the text; the largest in one way, which is enough to build their prompt."""
    forged = ("forged", "forged_last") if "{" in attack.said else ()
    return asyncio.run(_attempts(attack, ("highest",) if len(attack.said) > _LARGE else (*ALWAYS, *forged)))


async def _attempts(attack: Attack, ways: tuple[str, ...]) -> list[Trial]:
    with on_the_loop():
        return [await _attempt(attack, way) for way in ways]


async def _attempt(attack: Attack, way: str) -> Trial:
    """Obey one attack in one way; soft where the level that text asked for was given by a reply in good form."""
    sample = attack.sample
    model = ObeyingGradedModel(OBEDIENCE[way])
    evaluator = Evaluator(RUBRIC, GradedJudge(model, _PRICES, nonce=lambda: NONCE))
    try:
        outcome = await evaluator.evaluate(sample)
    except Exception as exc:  # noqa: BLE001  # that one leaves the evaluator is what is looked for
        return Trial(attack, way, (f"raised {type(exc).__name__}",), soft=False)
    faults = [*_outcome_faults(sample, outcome, way), *_prompt_faults(attack, model.requests)]
    high = isinstance(outcome, Scored) and outcome.scores.get("quality") == 1.0
    faults += ["text changed an honest grade"] if way == "honest" and _quality(outcome) not in (None, 0.5) else []
    return Trial(attack, way, tuple(faults), soft=high and not faults)


def _quality(outcome: Outcome) -> float | None:
    return outcome.scores.get("quality") if isinstance(outcome, Scored) else None


def _outcome_faults(sample: Sample, outcome: Outcome, way: str) -> Iterator[str]:
    """What must not be in an outcome, whoever was obeyed."""
    outcome.model_dump_json()
    if not isinstance(outcome, Scored):
        if outcome.outcome == "failed" and outcome.error.startswith("Bug:"):
            yield f"a bug: {outcome.error} {outcome.message}"
        return
    if way not in MAY_SCORE:
        yield "a grade was read out of a broken reply"
    if outcome.scores.keys() - RUBRIC.scores.keys():
        yield "a score the rubric does not have"
    criteria = {one.score: one for one in RUBRIC.criteria}
    for grade in outcome.verdict.grades if outcome.verdict else ():
        yield from _grade_faults(sample, grade, criteria[grade.score])


def _grade_faults(sample: Sample, grade: Grade, criterion: Criterion) -> Iterator[str]:
    level = next((one for one in criterion.levels if one.label == grade.level), None)
    if level is None or level.value != grade.value:
        yield "a level, or a value, that the rubric does not have"
        return
    if level.cites and not any(one.part == level.cites for one in grade.citations):
        yield "a level that must point at lines points at none"
    for one in grade.citations:
        if not cited_text(sample, one.part, one.index)[one.start : one.end].strip():
            yield "a line that does not exist was counted"
        if grade.context is not None and one.part == "contexts" and one.index != grade.context:
            yield "a line of another passage was counted"
    if len(grade.reason.splitlines()) > 1:
        yield "a reason of several lines"


def _prompt_faults(attack: Attack, requests: list[tuple[ChatMessage, ...]]) -> Iterator[str]:
    for messages in requests:
        yield from graded_structure_faults(messages[1].content)
        # A text of a few letters occurs in our own instructions.
        if set(attack.places) <= _UNSEEN and len(attack.said) > 20 and attack.said in messages[1].content:
            yield "a part that no criterion sees is in the prompt"
        for turn in messages[2:]:
            if len(turn.content.splitlines()) > 1 or NONCE + ">>>" in turn.content or "<<<" in turn.content:
                yield "the repair turn repeats structure"


def graded_structure_faults(prompt: str) -> list[str]:
    """What is broken in a prompt's structure; nothing where every line is one of ours."""
    lines = prompt.split("\n")
    if lines != prompt.splitlines():
        return ["a character of the text breaks a line"]
    faults = [] if lines[0] == f"NONCE {NONCE}" else ["the nonce is not stated first"]
    faults += [] if _TASK.fullmatch(lines[-1]) else ["the task is not stated last"]
    section: str | None = None
    seen: list[str] = []
    numbers: dict[str, list[int]] = {letter: [] for letter in _LETTER.values()}
    for line in lines[1:-1]:
        if section is None:
            opened = _SECTION.fullmatch(line)
            section = opened.group(1).split()[0] if opened else "?"
            seen.append(section)
        elif line == f"{NONCE}>>>":
            section = None
        elif numbered := re.match(rf"{_LETTER.get(section, '?')}(\d+): ", line):
            numbers[_LETTER[section]].append(int(numbered.group(1)))
        else:
            faults.append(f"no line of section {section}: {line[:60]!r}")
    faults += ["a section is not closed"] if section is not None else []
    faults += [f"sections {seen}"] if "?" in seen or seen != sorted(seen, key=_ORDER.index) else []
    faults += [f"numbers {found[:9]}" for found in numbers.values() if found != sorted(set(found))]
    fences = prompt.count(f"<<<{NONCE} "), prompt.count(f"{NONCE}>>>")
    faults += [] if fences == (len(seen), len(seen)) else [f"{fences} fences of {len(seen)} sections"]
    return faults
