"""The facts of a trace: what it says of itself, what its model calls took, and which of them wrote the answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from assay.judges.prices import PaidCall, PriceTable
from assay.judges.schema import Usage
from assay.worker.extraction.answering_call import facts_of_answer
from assay.worker.extraction.call_tree import CallTree, Node, call_tree
from assay.worker.extraction.extract import Extraction
from assay.worker.extraction.names import words
from assay.worker.extraction.numbers import MOST_USD
from assay.worker.extraction.step_facts import name_of
from assay.worker.extraction.totals import total
from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import MOST_TOKENS, Trace, TraceRoot

_MOST_WORDS = 8
"""A name of more words is a sentence: somebody's text, as of a trace that is named by its question."""
_MOST_TAGS = 50
_COUNTED = ("input", "cached", "output", "reasoning")


def facts_of(trace: Trace, extraction: Extraction | None = None, prices: PriceTable | None = None) -> TraceFacts:
    """The facts of one trace. A fact that it does not state is None.

    Args:
        trace: the trace.
        extraction: what was found in it. It says which call gave the answer, and counts the passages.
        prices: for a trace that does not say its cost. A model without a price leaves it unknown.
    """
    tree = call_tree(trace)
    return TraceFacts(
        **_of_root(trace.root),
        **_prompt(tree),
        **_tokens(tree),
        **_cost(tree, prices),
        **facts_of_answer(trace.root, tree, extraction.answer_id if extraction else None),
        model_calls=len(tree.calls) or None,
        passages=None if extraction is None else len(extraction.contexts),
    )


def _of_root(root: TraceRoot) -> dict[str, Any]:
    return {
        "release": name_of(root.release),
        "version": name_of(root.version),
        "session_id": name_of(root.session_id),
        "trace_name": _short_name(root.name),
        "environment": name_of(root.environment),
        "level": name_of(root.level),
        "tags": tuple(tag for tag in map(_short_name, root.tags[:_MOST_TAGS]) if tag is not None),
        "duration_s": _duration_s(root),
    }


def _short_name(name: str) -> str | None:
    text = name_of(name)
    return text if text is not None and len(words(text)) <= _MOST_WORDS else None


def _duration_s(root: TraceRoot) -> float | None:
    """A root that ends as it starts has no end: stores fill in the start where nobody sent one."""
    seconds = (root.end - root.start).total_seconds() if root.end is not None else 0.0
    return seconds if seconds > 0 else None


def _prompt(tree: CallTree) -> dict[str, Any]:
    """The prompt of the last step that names one."""
    facts = next((facts for facts in reversed(tree.as_recorded) if facts.prompt_name is not None), None)
    return {} if facts is None else {"prompt_name": facts.prompt_name, "prompt_version": facts.prompt_version}


def _tokens(tree: CallTree) -> dict[str, Any]:
    counts = {f"{kind}_tokens": total(tree, partial(_count, kind=kind)) for kind in _COUNTED}
    return {name: int(count) for name, count in counts.items() if count is not None and count <= MOST_TOKENS}


def _count(node: Node, *, kind: str) -> int | None:
    count: int | None = getattr(node.facts.tokens, kind, None)
    return count


def _cost(tree: CallTree, prices: PriceTable | None) -> dict[str, Any]:
    """The cost that the trace tells, or else the price of its model calls."""
    told = total(tree, lambda node: node.facts.cost_usd)
    if told is not None or prices is None:
        return {"cost_usd": told, "cost_from": "trace"} if told is not None and told <= MOST_USD else {}
    priced = total(tree, lambda node: _price(node, prices))
    return {"cost_usd": priced, "cost_from": "prices"} if priced is not None and priced <= MOST_USD else {}


def _price(node: Node, prices: PriceTable) -> float | None:
    """What a model call cost: what it says, or its tokens by the price of its model."""
    facts, tokens = node.facts, node.facts.tokens
    may_be_a_call = node.kind == "generation" or (node.above is None and not node.calls_below)
    if facts.cost_usd is not None or tokens is None or not may_be_a_call:
        return facts.cost_usd
    if tokens.input is None or tokens.output is None:
        return None
    usage = Usage(
        calls=1,
        prompt_tokens=tokens.input,
        cached_tokens=tokens.cached or 0,
        cache_write_tokens=tokens.cache_write or 0,
        completion_tokens=tokens.output,
    )
    asked = facts.asked or facts.served or ""
    return prices.bill([PaidCall(facts.served or asked, asked, usage)]).cost_usd
