"""The model call that wrote the answer, and what it says: its model, why it stopped, when its first token came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue

from assay.worker.extraction.answers import answer_of
from assay.worker.extraction.attributes import recorded
from assay.worker.extraction.call_tree import CallTree, Node
from assay.worker.extraction.extract import Extraction
from assay.worker.extraction.kinds import is_beside_the_answer
from assay.worker.extraction.reply_facts import facts_of_reply
from assay.worker.extraction.step_facts import NOTHING, StepFacts
from assay.worker.extraction.steps import off_the_answer
from assay.worker.records.traces import Trace, TraceRoot

_SAID = ("asked", "served", "provider", "finish_reason")


class Author(NamedTuple):
    """The call that wrote the answer.

    Attributes:
        node: the call. None: no call was recorded.
        is_known: it is known that this call wrote it. Otherwise it is the last one that may have.
        is_beside: it is a guard or the like, and nothing says that its words are the answer.
    """

    node: Node | None
    is_known: bool = False
    is_beside: bool = False


def author_of(trace: Trace, tree: CallTree, extraction: Extraction | None) -> Author:
    """The call that wrote the answer, or else the last one that did not fail and does not stand beside the answer."""
    known = tree.of(extraction.answer_id) if extraction is not None else None
    if known is not None and (not _may_be_beside(known) or _said(known, extraction)):
        return Author(known, is_known=True)
    off = off_the_answer(trace)
    if known is not None and not is_beside(known, off):
        return Author(known, is_known=True)
    beside = {call for call in tree.calls if is_beside(call, off)}
    last = next((call for call in reversed(tree.calls) if not call.has_failed and call not in beside), None)
    if last is not None:
        return Author(last)
    left = [call for call in tree.calls if not call.has_failed] or tree.calls
    node = known or (left[-1] if left else None)
    return Author(node, is_known=known is not None, is_beside=node in beside)


def is_beside(node: Node, off: frozenset[str]) -> bool:
    """Whether a step stands beside the answer, by its own name, those above it, or its prompt's name.

    Args:
        node: the step.
        off: the ids of steps that gave no answer.
    """
    return (node.step is not None and node.step.id in off) or _has_prompt_beside(node)


def _has_prompt_beside(node: Node) -> bool:
    return node.facts.prompt_name is not None and is_beside_the_answer(node.facts.prompt_name)


def _may_be_beside(node: Node) -> bool:
    """Whether the name of a step, of one above it or of its prompt is that of a call beside the answer."""
    at: Node | None = node
    while at is not None and at.step is not None:
        if is_beside_the_answer(at.step.name) or _has_prompt_beside(at):
            return True
        at = at.above
    return False


def _said(node: Node, extraction: Extraction | None) -> bool:
    """Whether the answer is what this call said, word for word."""
    if node.step is None or extraction is None or extraction.response is None:
        return False
    output = node.step.output
    text = answer_of(recorded(node.step.metadata, is_output=True)[0] if output is None else output).text
    return text is not None and text.strip() == extraction.response.text.strip()


def facts_of_answer(trace: Trace, tree: CallTree, author: Author) -> dict[str, Any]:
    """What the call that wrote the answer says; of steps that tell of one call the innermost counts first.

    Where nobody knows which call that was, when its first token came is told only of a trace with one call. Where no
    call was recorded, the root may say what its only call would.
    """
    tellers = [tree.root] if author.node is None else tellers_of(author.node, tree.calls)
    facts = {fact: next(filter(None, (getattr(node.facts, fact) for node in tellers)), None) for fact in _SAID}
    if author.node is not None and author.is_known and None in (facts["served"], facts["finish_reason"]):
        passed_on = _passed_on(trace, author.node)
        facts |= {fact: getattr(passed_on, fact) for fact in _SAID if facts[fact] is None}
    has_one = author.is_known or len(tree.calls) == 1
    first = next(filter(None, (_first_token(trace.root, node) for node in tellers)), None) if has_one else None
    return {
        "model_asked": facts["asked"],
        "model_served": facts["served"],
        "provider": facts["provider"],
        "finish_reason": facts["finish_reason"],
        "first_token_s": first,
    }


def _passed_on(trace: Trace, call: Node) -> StepFacts:
    """What the reply says where a step around the call gave it on whole, and the call kept its words alone.

    So a handler of LangChain's records it: text in the model call, the message with all it says in the chain.
    """
    node = call.above if call.step is not None and call.step.output is not None else None
    while node is not None and call.step is not None:
        output = trace.output if node.step is None else node.step.output
        told = facts_of_reply(output) if isinstance(output, dict | list) else NOTHING
        if told.served or told.finish_reason:  # asked last: to find the words takes longest
            words = _words(call.step.output)
            return told if words is not None and words == _words(output) else NOTHING
        node = node.above
    return NOTHING


def _words(output: JsonValue) -> str | None:
    text = answer_of(output).text
    return text.strip() if text else None


def tellers_of(call: Node, calls: Sequence[Node]) -> list[Node]:
    """The steps that tell of one call, from the inside outwards."""
    return [*_inside(call, calls), call, *_around(call)]


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
