"""Which steps of a trace count: none that judges the answer, and which model call gave it."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.extraction.texts import text_of
from assay.worker.records.traces import Observation, Trace

_ASIDE = {"evaluator", "guardrail"}
"""What happens inside these is about the answer, and neither its evidence nor its author."""


def relevant(trace: Trace) -> list[Observation]:
    """The trace's steps in order of time, without evaluators, guardrails and what lies under them."""
    parents = {step.id: step.parent_id for step in trace.observations}
    aside = {step.id for step in trace.observations if step.type.lower() in _ASIDE}

    def is_aside(step_id: str | None) -> bool:
        seen: set[str] = set()
        while step_id is not None and step_id not in seen:
            if step_id in aside:
                return True
            seen.add(step_id)
            step_id = parents.get(step_id)
        return False

    return sorted((s for s in trace.observations if not is_aside(s.id)), key=lambda step: (step.start, step.id))


def answering(trace: Trace, steps: Sequence[Observation]) -> Observation | None:
    """The model call that gave the answer: the one whose words the root's output repeats, else the last that spoke.

    Calls that failed or only called a tool gave none. Where the root itself failed or shows an empty answer, or a
    step failed after the last call that spoke, that call's words may never have become the answer: then it is none.
    """
    if trace.root.level == "ERROR":
        return None
    spoke = [s for s in steps if s.type.lower() == "generation" and s.level != "ERROR" and _said(s) is not None]
    if not spoke:
        return None
    shown = text_of(trace.output, role="assistant") if trace.output is not None else None
    if trace.output is not None and shown is None:
        return None
    if shown is not None:
        same = [step for step in spoke if (_said(step) or "").strip() == shown.strip()]
        return same[-1] if same else spoke[-1]
    last = max(spoke, key=lambda step: (step.end or step.start, step.start))
    has_failed_since = any(step.level == "ERROR" and step.start >= last.start for step in steps)
    return None if has_failed_since else last


def _said(step: Observation) -> str | None:
    return text_of(step.output, role="assistant")
