"""What a trace took in all: each model call once.

A step's own figure and what lies under it are often the same figure told twice. So the larger of the two counts, but
for what tools called: an agent behind a tool is a run of its own, unless the sum above it holds that, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from assay.worker.extraction.call_tree import CallTree, Node

Own = Callable[[Node], float | None]
"""A step's own figure, e.g. its tokens of input; None where it has none."""


class Sum(NamedTuple):
    """What lies under a step and is covered by a sum that the step tells, and what tools under it called.

    None: of one of the calls nobody knows it.
    """

    inside: float | None = 0
    by_tools: float | None = 0

    @property
    def whole(self) -> float | None:
        """Both together."""
        return _plus(self.inside, self.by_tools)


def total(tree: CallTree, own: Own) -> float | None:
    """A figure over all model calls of a trace; None where one of them does not tell it.

    A call that failed and tells none took none.
    """
    figures = {node: figure for node in tree.tellers if (figure := own(node)) is not None}
    if not figures:
        return None
    if all(node.is_call for node in tree.tellers):  # most traces
        silent = any(call not in figures and not call.has_failed for call in tree.calls)
        return None if silent else sum(figures.values())
    return _total_of_nested(tree, figures)


def _total_of_nested(tree: CallTree, figures: Mapping[Node, float]) -> float | None:
    sums: dict[Node | None, Sum] = {}
    for node in reversed(tree.nodes):
        whole = _with_own(node, figures.get(node), sums.pop(node, Sum()))
        sums[node.above] = _added(sums.get(node.above, Sum()), whole, is_tool=node.kind == "tool")
    return sums[None].whole


def _with_own(node: Node, figure: float | None, under: Sum) -> Sum:
    """What lies under a step, together with the step's own figure."""
    if figure is None:
        is_unknown = (node.is_call or (node.tells and not node.calls_below)) and not node.has_failed
        return Sum(None, under.by_tools) if is_unknown else under
    if not node.calls_below and node.kind == "generation":
        return Sum(figure, under.by_tools)
    if under.inside is None:
        return Sum(figure, under.by_tools)
    whole = under.whole
    if whole is not None and figure >= whole:
        return Sum(figure, 0)
    return Sum(max(figure, under.inside), under.by_tools)


def _added(above: Sum, below: Sum, *, is_tool: bool) -> Sum:
    if is_tool:
        return Sum(above.inside, _plus(above.by_tools, below.whole))
    return Sum(_plus(above.inside, below.inside), _plus(above.by_tools, below.by_tools))


def _plus(figure: float | None, other: float | None) -> float | None:
    return None if figure is None or other is None else figure + other
