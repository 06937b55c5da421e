"""Which steps of a trace count: none that judges the answer, and which model call gave it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from assay.worker.extraction.answers import Reading
from assay.worker.extraction.fields import EMPTY
from assay.worker.extraction.kinds import is_beside_the_answer, is_retriever, kind_of
from assay.worker.records.traces import Observation, Trace

_ASIDE = {"evaluator", "guardrail"}
"""What happens inside these is about the answer, and neither its evidence nor its author."""


def relevant(trace: Trace) -> list[Observation]:
    """The trace's steps in order of time, without evaluators, guardrails and what lies under them."""
    parents = {step.id: step.parent_id for step in trace.observations}
    aside = {step.id for step in trace.observations if kind_of(step) in _ASIDE}
    counting: set[str] = set()

    def is_aside(step_id: str | None) -> bool:
        climbed: list[str] = []
        while step_id is not None and step_id not in counting and step_id not in aside:
            counting.add(step_id)
            climbed.append(step_id)
            step_id = parents.get(step_id)
        if step_id in aside:
            counting.difference_update(climbed)
            aside.update(climbed)
            return True
        return False

    # Steps that began at once, or whose start nobody recorded, stay in the order in which they were recorded.
    return sorted((s for s in trace.observations if not is_aside(s.id)), key=lambda step: step.start)


def beside_the_answer(steps: Sequence[Observation]) -> frozenset[str]:
    """The ids of steps whose name, or that of a step above them, is that of a call beside the answer.

    A step that retrieves, or has tools, under such a name holds the application: an evaluation runs it.
    """
    children: dict[str | None, list[Observation]] = defaultdict(list)
    for step in steps:
        children[step.parent_id].append(step)
    named = [step for step in steps if is_beside_the_answer(step.name)]
    beside: set[str] = set()
    for step in named:
        below = [] if step.id in beside else _below(step, children)
        holds_tools = any(kind_of(other) == "tool" or is_retriever(other) for other in below)
        beside.update(
            {step.id} if holds_tools and not is_retriever(step) else {step.id, *(other.id for other in below)}
        )
    return frozenset(beside)


def off_the_answer(trace: Trace) -> frozenset[str]:
    """The ids of steps that gave no answer: those beside it, evaluators, guardrails and what lies under them."""
    steps = relevant(trace)
    kept = {step.id for step in steps}
    return beside_the_answer(steps) | {step.id for step in trace.observations if step.id not in kept}


def _below(step: Observation, children: Mapping[str | None, Sequence[Observation]]) -> list[Observation]:
    """The steps under a step, at any depth."""
    below, seen, waiting = list[Observation](), {step.id}, [step.id]
    while waiting:
        inner = [other for other in children.get(waiting.pop(), ()) if other.id not in seen]
        seen.update(other.id for other in inner)
        waiting += [other.id for other in inner]
        below += inner
    return below


def application_under(root_id: str, steps: Sequence[Observation]) -> Observation | None:
    """The only step with an input or output directly under a root without any, at any depth of such roots.

    A web framework's span around the application records no content. Of several steps nobody knows which is the
    application, and a step that failed shows nothing that a user saw.
    """
    below: dict[str | None, list[Observation]] = defaultdict(list)
    for step in steps:
        if step.id != root_id:
            below[step.parent_id or root_id].append(step)
    at, seen = root_id, {root_id}
    while len(below[at]) > 0:
        holding = [step for step in below[at] if step.input not in EMPTY or step.output not in EMPTY]
        if len(holding) == 1:
            return None if _is_a_part(holding[0]) else holding[0]
        if holding or len(below[at]) > 1 or below[at][0].id in seen:
            return None
        at = below[at][0].id
        seen.add(at)
    return None


def _is_a_part(step: Observation) -> bool:
    """Whether a step is a part of an application: a retrieval, or a call of which nobody knows what it lies under."""
    if kind_of(step) in {"retriever", "embedding"} or step.level == "ERROR":
        return True
    return step.parent_id is None and (kind_of(step) in {"generation", "tool"} or is_retriever(step))


def answering(
    trace: Trace, steps: Sequence[Observation], readings: Mapping[str, Reading], shown: Reading | None
) -> Observation | None:
    """The model call that gave the answer: the one whose words the root's output repeats, else the last that spoke.

    Calls that failed, called a tool or stand beside the answer (a guard, a rewriter, a writer of titles) gave none,
    unless the root repeats their words. Where the root itself failed or shows an empty answer, or a step failed after
    the last call that spoke, that call's words may never have become the answer: then it is none.

    Args:
        trace: the trace.
        steps: those of its steps that count.
        readings: what each model call said, by the step's id.
        shown: the answer in the root's output; None where it has no output.
    """
    if trace.root.level == "ERROR":
        return None
    spoke = [s for s in steps if s.level != "ERROR" and s.id in readings and readings[s.id].text is not None]
    if not spoke or (shown is not None and shown.text is None):
        return None
    beside = beside_the_answer(steps)
    if shown is not None and shown.text is not None:
        text = shown.text.strip()
        same = [step for step in spoke if (readings[step.id].text or "").strip() == text]
        return (same or [step for step in spoke if step.id not in beside] or spoke)[-1]
    spoke = [step for step in spoke if not readings[step.id].asks_tool and step.id not in beside]
    if not spoke:
        return None
    last = max(reversed(spoke), key=lambda step: (step.end or step.start, step.start))  # the last of those that tie
    since = steps[steps.index(last) + 1 :]  # began after it, or with it and was recorded later
    return None if any(step.level == "ERROR" for step in since) else last
