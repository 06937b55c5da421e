"""The model call that wrote the answer, and what it says: its model, why it stopped, when its first token came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assay.worker.extraction.call_tree import CallTree, Node
from assay.worker.records.traces import TraceRoot

_SAID = ("asked", "served", "provider", "finish_reason")


def facts_of_answer(root: TraceRoot, tree: CallTree, answer_id: str | None) -> dict[str, Any]:
    """What the call that wrote the answer says; of steps that tell of one call the innermost counts first.

    Where nobody knows which call that was, it is the last one that did not fail. When its first token came is then
    told only of a trace with one call. Where no call was recorded, the root may say what its only call would.
    """
    calls = tree.calls
    known = tree.of(answer_id)
    fallback = next((call for call in reversed(calls) if not call.has_failed), calls[-1] if calls else None)
    answer = known or fallback
    tellers = [tree.root] if answer is None else [*_inside(answer, calls), answer, *_around(answer)]
    facts = {fact: next(filter(None, (getattr(node.facts, fact) for node in tellers)), None) for fact in _SAID}
    has_one = known is not None or len(calls) == 1
    first = next(filter(None, (_first_token(root, node) for node in tellers)), None) if has_one else None
    return {
        "model_asked": facts["asked"],
        "model_served": facts["served"],
        "provider": facts["provider"],
        "finish_reason": facts["finish_reason"],
        "first_token_s": first,
    }


def _inside(answer: Node, calls: Sequence[Node]) -> Iterator[Node]:
    """Steps under the answer's that tell of the last call under it, from the inside outwards."""
    under, waiting = set[Node](), [answer] if answer.calls_below else []
    while waiting:
        at = waiting.pop()
        below = [node for node in at.below if node.above is at and node.kind != "tool" and node not in under]
        under.update(below)
        waiting += below
    node = next((call for call in reversed(calls) if call in under), None)
    while node is not None and node is not answer:
        if node.kind == "generation":
            yield node
        node = node.above


def _around(answer: Node) -> Iterator[Node]:
    """Model calls right around the answer's: a framework's step around the client's."""
    node = answer.above
    while node is not None and node.kind == "generation":
        yield node
        node = node.above


def _first_token(root: TraceRoot, node: Node) -> float | None:
    """Seconds from the root's start to the first token.

    Unknown where the moment lies before the call or at its end, as recorders put it that did not stream, and where
    the call lies before the root: then two clocks differ.
    """
    step, seconds = node.step, node.facts.first_token_s
    if step is None or seconds is None or seconds < 0 or step.start < root.start:
        return None
    if step.end is not None and seconds >= (step.end - step.start).total_seconds():
        return None
    return (step.start - root.start).total_seconds() + seconds
