"""The model calls of a trace, each once, however many steps tell of it.

One call is often recorded several times: a framework's step around the client's step around the SDK's own, or two
recorders side by side. Agents and workflows repeat the sum of what lies under them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assay.worker.extraction.attributes import recorded
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.reply_facts import facts_of_call
from assay.worker.extraction.step_facts import NOTHING, StepFacts, counted, facts_in, facts_of_step
from assay.worker.extraction.written import never_writes
from assay.worker.records.traces import Observation, Trace

_UNCOUNTED = {"embedding", "retriever"}
"""Kinds whose own tokens are none of an answer. A model call under them, as of a reranker, counts."""

_PREPARING = re.compile(r"(?:\w+\.)?_?prepare_\w+", re.ASCII)
"""A step that is recorded as a model call and only prepares one: LlamaIndex' `OpenAI._prepare_chat_with_tools`."""
_DIGITS = re.compile(r"\d+")
_LONGEST_NAME = 200


@dataclass(slots=True, eq=False)
class Node:
    """A step with what it says of itself, among the steps above and below it."""

    step: Observation | None
    facts: StepFacts
    kind: str = ""
    above: Node | None = None
    below: list[Node] = field(default_factory=list)
    calls_below: int = 0
    """Model calls under it that no tool made."""

    @property
    def is_call(self) -> bool:
        """Whether it is a model call and no step around one."""
        return self.kind == "generation" and not self.calls_below

    @property
    def tells(self) -> bool:
        """Whether it says what it took."""
        return self.facts.tokens is not None or self.facts.cost_usd is not None

    @property
    def names_a_prompt(self) -> bool:
        """Whether it says with which prompt it was asked."""
        return self.facts.prompt_name is not None or self.facts.prompt_version is not None

    @property
    def has_failed(self) -> bool:
        """Whether the step is marked as failed."""
        return self.step is not None and self.step.level == "ERROR"


@dataclass(frozen=True, slots=True)
class CallTree:
    """All steps of a trace under its root.

    Attributes:
        nodes: each before what lies under it.
        prompted: the root and the steps that name a prompt or its version, the root first, in the order of the trace.
        calls: the model calls, in the order of the trace.
        tellers: steps that say what they took.
    """

    nodes: Sequence[Node]
    prompted: Sequence[Node]
    calls: Sequence[Node]
    tellers: Sequence[Node]

    @property
    def root(self) -> Node:
        """The root itself, which is no step."""
        return self.nodes[0]

    def of(self, step_id: str | None) -> Node | None:
        """The node of a step."""
        return next((node for node in self.nodes if node.step is not None and node.step.id == step_id), None)


def call_tree(trace: Trace) -> CallTree:
    """The steps of a trace as a tree, with the steps that tell of one call under one another. Circles are cut open."""
    nodes = [_node(step) for step in trace.observations]
    is_a_step = any(step.id == trace.root.observation_id for step in trace.observations)
    root = Node(None, NOTHING if is_a_step else _facts_of_root(trace))
    _hang(root, nodes)
    for siblings in [list(parent.below) for parent in (root, *nodes) if len(parent.below) > 1]:
        _join_twins(siblings)
    ordered = _ordered(root, nodes)
    for node in reversed(ordered):
        if node.above is not None and node.kind != "tool":
            node.above.calls_below += node.calls_below or node.kind == "generation"
    return CallTree(
        nodes=ordered,
        prompted=[node for node in (root, *nodes) if node.names_a_prompt],
        calls=[node for node in nodes if node.is_call],
        tellers=[node for node in ordered if node.tells],
    )


def _facts_of_root(trace: Trace) -> StepFacts:
    facts = facts_in(trace.root.metadata)
    return facts._replace(tokens=counted(facts.tokens, trace.output, trace.root.metadata))


def _node(step: Observation) -> Node:
    kind, facts = kind_of(step), facts_of_step(step)
    tells_no_output = facts.tokens is None or not facts.tokens.output
    if kind == "generation" and tells_no_output and never_writes(step, (facts.asked, facts.served)):
        kind = "embedding"
    if kind == "generation":
        facts = _with_reply(facts, step)
    if kind in _UNCOUNTED:
        facts = facts._replace(tokens=None, cost_usd=None)
    if kind == "generation" and facts.tokens is None and _PREPARING.fullmatch(step.name[:_LONGEST_NAME]):
        kind = "span"
    return Node(step, facts, kind)


def _with_reply(facts: StepFacts, step: Observation) -> StepFacts:
    """What a model call says, with what its recorded request and reply say."""
    reply = recorded(step.metadata, is_output=True)[0] if step.output is None else step.output
    told = facts_of_call(facts, step.input, reply)
    return told if told is facts else told._replace(tokens=counted(told.tokens, step.output, step.metadata))


def _hang(root: Node, nodes: Sequence[Node]) -> None:
    """Put each node under its parent, or under the root where that is not there."""
    by_id = {node.step.id: node for node in nodes if node.step is not None}
    for node in nodes:
        parent = by_id.get(node.step.parent_id) if node.step is not None and node.step.parent_id else None
        _move(node, root if parent is None or parent is node else parent)


def _join_twins(siblings: Sequence[Node]) -> None:
    """Put a model call under its sibling that tells of the same call: of another recorder, around it in time."""
    spans = [(node, node.step) for node in siblings if node.kind == "generation" and node.step is not None]
    timed = [(step.start, step.end, node) for node, step in spans if step.end is not None]
    running: list[tuple[datetime, Node]] = []
    for _, end, node in sorted(timed, key=lambda span: (span[0], span[0] - span[1])):
        while running and running[-1][0] < end:
            running.pop()
        if running and _tell_of_one_call(running[-1][1], node):
            _move(node, running.pop()[1])  # a call has one twin
        else:
            running.append((end, node))


def _move(node: Node, above: Node) -> None:
    node.above = above
    above.below.append(node)


def _tell_of_one_call(around: Node, inside: Node) -> bool:
    """Whether two steps of different names have the same model and the same tokens.

    `summarize part 1` and `summarize part 2` are two calls of one recorder.
    """
    if around.step is None or inside.step is None or _stem(around.step) == _stem(inside.step):
        return False
    outer, inner = around.facts.tokens, inside.facts.tokens
    if outer is None or inner is None or None in (outer.input, outer.output):
        return False
    return (outer.input, outer.output, around.facts.asked) == (inner.input, inner.output, inside.facts.asked)


def _stem(step: Observation) -> str:
    return _DIGITS.sub("", step.name[:_LONGEST_NAME])


def _ordered(root: Node, nodes: Sequence[Node]) -> list[Node]:
    """Every node once, each before what lies under it."""
    ordered: list[Node] = []
    seen: set[int] = set()
    for top in (root, *nodes):
        if id(top) in seen:
            continue
        if top is not root:  # part of a circle
            top.above = root
        waiting = [top]
        seen.add(id(top))
        while waiting:
            node = waiting.pop()
            ordered.append(node)
            below = [other for other in node.below if other.above is node and id(other) not in seen]
            seen.update(map(id, below))
            waiting += below
    return ordered
