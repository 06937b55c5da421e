"""The facts of a trace: what it says of itself, what its model calls took, and which of them wrote the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from assay.judges.prices import PaidCall, PriceTable
from assay.judges.schema import Usage
from assay.worker.extraction.answer_prompt import prompt_of_answer
from assay.worker.extraction.answering_call import author_of, facts_of_answer
from assay.worker.extraction.call_tree import CallTree, Node, call_tree
from assay.worker.extraction.extract import Extraction
from assay.worker.extraction.numbers import MOST_USD
from assay.worker.extraction.step_facts import name_of
from assay.worker.extraction.text_as_name import TextAsName
from assay.worker.extraction.totals import total
from assay.worker.extraction.upstream_sampling import upstream_probability
from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import MOST_TOKENS, Trace, TraceRoot

_MOST_TAGS = 50
_ADDRESS = re.compile(r"\S@\S")
"""E.g. `jane@example.org`."""
_COUNTED = ("input", "cached", "output", "reasoning")
_WHOLES = {"cached": "input", "reasoning": "output"}
"""Of what each part is one. A part that is more than its whole is unknown."""


def facts_of(
    trace: Trace,
    extraction: Extraction | None = None,
    prices: PriceTable | None = None,
    told: Mapping[str, str | None] | None = None,
) -> TraceFacts:
    """The facts of one trace. A fact that it does not state is None.

    Args:
        trace: the trace.
        extraction: what was found in it. It says which call gave the answer, and counts the passages.
        prices: for a trace that does not say its cost. A model without a price leaves it unknown.
        told: what the application says under keys of its own, e.g. its `feature`. A sentence is none.
    """
    tree = call_tree(trace)
    author = author_of(trace, tree, extraction)
    texts = TextAsName(trace, extraction)
    return TraceFacts(
        **_of_root(trace.root, texts),
        **{name: _group_name(value, texts) for name, value in (told or {}).items() if value is not None},
        **_own_names(prompt_of_answer(trace, tree, author), texts),
        **_tokens(tree),
        **_cost(tree, prices),
        **_own_names(facts_of_answer(trace, tree, author), texts),
        model_calls=len(tree.calls) or None,
        passages=None if extraction is None else len(extraction.contexts),
        upstream_pi=upstream_probability(trace),
    )


def _of_root(root: TraceRoot, texts: TextAsName) -> dict[str, Any]:
    return {
        "release": name_of(root.release),
        "version": name_of(root.version),
        "session_id": name_of(root.session_id),
        "trace_name": _own_name(root.name, texts),
        "environment": name_of(root.environment),
        "level": name_of(root.level),
        "tags": tuple(tag for name in root.tags[:_MOST_TAGS] if (tag := _own_name(name, texts)) is not None),
        "duration_s": _duration_s(root),
    }


def _own_name(name: str, texts: TextAsName) -> str | None:
    text = name_of(name)
    return None if text is None or texts.is_text(text) else text


def _own_names(facts: Mapping[str, Any], texts: TextAsName) -> dict[str, Any]:
    """Facts without the names among them that are texts: they become labels of metrics, and words of alerts."""
    return {name: _own_name(value, texts) if isinstance(value, str) else value for name, value in facts.items()}


def _group_name(name: str, texts: TextAsName) -> str | None:
    """The name of a feature or tier. An address is somebody's, and no group of users has one."""
    text = _own_name(name, texts)
    return None if text is None or _ADDRESS.search(text) else text


def _duration_s(root: TraceRoot) -> float | None:
    """A root that ends as it starts has no end: stores fill in the start where nobody sent one."""
    seconds = (root.end - root.start).total_seconds() if root.end is not None else 0.0
    return seconds if seconds > 0 else None


def _tokens(tree: CallTree) -> dict[str, Any]:
    counts = {kind: total(tree, partial(_count, kind=kind)) for kind in _COUNTED}
    known = {kind: int(n) for kind, n in counts.items() if n is not None and n <= MOST_TOKENS}
    for part, whole in _WHOLES.items():  # of nested sums each is looked at alone
        if known.get(part, 0) > known.get(whole, MOST_TOKENS):
            del known[part]
    return {f"{kind}_tokens": n for kind, n in known.items()}


def _count(node: Node, *, kind: str) -> int | None:
    count: int | None = getattr(node.facts.tokens, kind, None)
    return count


def _cost(tree: CallTree, prices: PriceTable | None) -> dict[str, Any]:
    """The cost that the trace tells, or else the price of those of its model calls that do not tell theirs."""
    told = total(tree, lambda node: node.facts.cost_usd)
    if told is not None or prices is None:
        return {"cost_usd": told, "cost_from": "trace"} if told is not None and told <= MOST_USD else {}
    priced = total(tree, lambda node: _price(node, prices))
    known_from = "mixed" if any(node.facts.cost_usd is not None for node in tree.tellers) else "prices"
    return {"cost_usd": priced, "cost_from": known_from} if priced is not None and priced <= MOST_USD else {}


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
