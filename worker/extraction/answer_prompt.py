"""The prompt behind the answer: that of the call that wrote it, or of the nearest step that stands for that call.

From the call outwards: what came before it and feeds it, then the step around it, then what came before that one. A
call feeds the answer's where it is an earlier turn of the same conversation, or where the answer's call was given its
words. A guardrail, a grader or a rewriter is none of these, whatever it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import JsonValue

from assay.worker.extraction.answering_call import Author, is_beside, tellers_of
from assay.worker.extraction.answers import answer_of
from assay.worker.extraction.attributes import recorded
from assay.worker.extraction.call_tree import CallTree, Node
from assay.worker.extraction.kinds import is_beside_the_answer
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.names import UNTYPED
from assay.worker.extraction.steps import off_the_answer
from assay.worker.records.traces import Trace

_RUNS_OF_THEIR_OWN = {"tool", "retriever", "embedding", "evaluator", "guardrail"}
"""What is called inside these has prompts of its own."""
_PROMPT_STEPS = {*UNTYPED, "prompt"}
"""Kinds of steps that fill in a template and call no model."""
_FEWEST_WORDS = 5
"""Words of a text that is known again where it stands in a prompt. Fewer are a label or a query."""
_MOST = 20
"""Steps before the answer's that are looked at, the nearest first."""

At = tuple[datetime, int]
"""When a step began, and which number it has in the trace: of two at once the earlier one."""


class _Near(NamedTuple):
    """A step that names a prompt, with how far from the answer's call it stands."""

    level: int
    node: Node
    began: At


def prompt_of_answer(trace: Trace, tree: CallTree, author: Author) -> dict[str, Any]:
    """Name and version of the prompt behind the answer, both of one step. Empty where nobody tells them."""
    if not tree.prompted or author.is_beside:
        return {}
    if author.node is None:
        return _facts(_only_prompt(tree, off_the_answer(trace)))
    tellers = tellers_of(author.node, tree.calls)
    own = _named([node for node in tellers if node.names_a_prompt])
    return _facts(own or _nearest(trace, tree, tellers))


def _facts(node: Node | None) -> dict[str, Any]:
    if node is None:
        return {}
    return {"prompt_name": node.facts.prompt_name, "prompt_version": node.facts.prompt_version}


def _named(nodes: Sequence[Node]) -> Node | None:
    """The first that names its prompt, or else the first that tells a version."""
    named = next((node for node in nodes if node.facts.prompt_name is not None), None)
    return named or (nodes[0] if nodes else None)


def _only_prompt(tree: CallTree, off: frozenset[str]) -> Node | None:
    """Of a trace without model calls: the root's prompt, or else the one that all of its steps name."""
    if tree.prompted[0] is tree.root:
        return tree.root
    nodes = [node for node in tree.prompted if node.kind not in _RUNS_OF_THEIR_OWN and not is_beside(node, off)]
    prompts = {(node.facts.prompt_name, node.facts.prompt_version) for node in nodes}
    return nodes[0] if len(prompts) == 1 else None


def _nearest(trace: Trace, tree: CallTree, tellers: Sequence[Node]) -> Node | None:
    """The nearest step that feeds the answer's call or lies around it, and names a prompt."""
    answer, off = tellers[-1], off_the_answer(trace)
    around = _around(answer)
    levels = _levels(tree, around)
    began = {node: _began(trace, node, number) for number, node in enumerate((tree.root, *_recorded(trace, tree)))}
    near = [
        _Near(levels[node], node, began[node])
        for node in tree.prompted
        if node in levels and (node in around or (began[node] < began[answer] and not is_beside(node, off)))
    ]
    # within one step what came before counts first, the nearest of it; then the step itself
    near.sort(key=lambda each: each.began, reverse=True)
    near.sort(key=lambda each: (each.level, each.node in around))
    for each in near[:_MOST]:
        if each.node in around:
            if not (each.node.facts.prompt_name and is_beside_the_answer(each.node.facts.prompt_name)):
                return each.node
        elif _feeds(each, answer, tree, levels, began):
            return each.node
    return None


def _recorded(trace: Trace, tree: CallTree) -> list[Node]:
    """The steps in the order of the trace."""
    numbers = {id(step): number for number, step in enumerate(trace.observations)}
    return sorted((node for node in tree.nodes if node.step is not None), key=lambda node: numbers[id(node.step)])


def _began(trace: Trace, node: Node, number: int) -> At:
    return (trace.root.start if node.step is None else node.step.start), number


def _around(answer: Node) -> dict[Node, int]:
    """The steps around the answer's call with their distance, the root last."""
    around: dict[Node, int] = {}
    at = answer.above
    while at is not None and at not in around:
        around[at] = len(around)
        at = at.above
    return around


def _levels(tree: CallTree, around: Mapping[Node, int]) -> dict[Node, int]:
    """By step, how many steps out from the answer's call lies the one that holds both. What tools called is left out.

    A step around the answer's call has its own distance.
    """
    levels: dict[Node, int] = {}
    for node in tree.nodes:
        if node in around:
            levels[node] = around[node]
        elif node.kind not in _RUNS_OF_THEIR_OWN and node.above in levels:
            levels[node] = levels[node.above]
    return levels


def _feeds(near: _Near, answer: Node, tree: CallTree, levels: Mapping[Node, int], began: Mapping[Node, At]) -> bool:
    """Whether a step gave the answer's call its prompt: a template filled in for it, or a call whose words it got."""
    node = near.node
    if node.calls_below or node.kind == "generation":
        call = _last_call_in(node, tree)
        return call is not None and (_begins(call, answer) or _gives_words(call, answer, tree))
    if node.kind not in _PROMPT_STEPS:
        return False
    between = (call for call in tree.calls if levels.get(call, near.level + 1) <= near.level and call is not answer)
    return not any(near.began < began[call] < began[answer] for call in between)


def _last_call_in(node: Node, tree: CallTree) -> Node | None:
    """The step itself where it is a model call, or else the last one under it."""
    if node.is_call:
        return node
    under, waiting = {node}, [node]
    while waiting:
        at = waiting.pop()
        below = [other for other in at.below if other.above is at and other not in under]
        under.update(below)
        waiting += below
    return next((call for call in reversed(tree.calls) if call in under), None)


def _begins(call: Node, answer: Node) -> bool:
    """Whether the answer's call goes on where another one ended: the same messages, then what that one said."""
    before, after = messages_of(_given(call)), messages_of(_given(answer))
    if not before or after is None or len(after) <= len(before):
        return False
    same = all((a.role, a.text) == (b.role, b.text) for a, b in zip(before, after, strict=False))
    return same and after[len(before)].role == "assistant"


def _gives_words(call: Node, answer: Node, tree: CallTree) -> bool:
    """Whether the answer's call was given the words of another one, and those were not what was searched for."""
    words = (answer_of(_gave(call)).text or "").strip()
    if len(words.split()) < _FEWEST_WORDS or words.endswith(("?", "？", "؟")):
        return False
    searches = [node for node in tree.nodes if node.kind in _RUNS_OF_THEIR_OWN][:_MOST]
    return _holds(_given(answer), words) and not any(_holds(_given(node), words) for node in searches)


def _holds(value: JsonValue, text: str) -> bool:
    messages = messages_of(value)
    texts = [value] if messages is None else [message.text for message in messages]
    return any(text in (part if isinstance(part, str) else _plainly(part)) for part in texts)


def _plainly(value: JsonValue) -> str:
    """The texts in an object, one after the other."""
    texts: list[str] = []
    waiting: list[JsonValue] = [value]
    while waiting and len(texts) < 1_000:
        node = waiting.pop()
        if isinstance(node, str):
            texts.append(node)
        elif isinstance(node, dict | list):
            waiting += list(node.values() if isinstance(node, dict) else node)[:1_000]
    return "\n".join(texts)


def _given(node: Node) -> JsonValue:
    if node.step is None:
        return None
    return recorded(node.step.metadata, is_output=False)[0] if node.step.input is None else node.step.input


def _gave(node: Node) -> JsonValue:
    if node.step is None:
        return None
    return recorded(node.step.metadata, is_output=True)[0] if node.step.output is None else node.step.output
