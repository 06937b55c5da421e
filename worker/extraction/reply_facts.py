"""What a model's whole reply says of its call: tokens, the model that served it, why it stopped.

Many recorders keep the reply of an endpoint or of a client as it came, and say no more: `{"choices": [...], "usage":
{...}, "model": "gpt-4o-2024-08-06"}`. Only what is formed as such a reply is read, and never a text: what a model wrote
says nothing of its call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from assay.worker.extraction.names.facts import MODEL_KEYS
from assay.worker.extraction.numbers import amount
from assay.worker.extraction.step_facts import FINISHES, NOTHING, StepFacts, facts_in, fuller, name_of

Fields = Mapping[str, JsonValue]

_DEPTH = 6
_MOST = 200
_LONGEST_KIND = 40
_LISTS = ("choices", "candidates")
"""Objects that are looked at. Of a longer list the last ones tell why a stream stopped."""
_USAGES = ("usage", "usage_metadata", "usageMetadata", "token_usage", "meta")
_KEPT = (*_USAGES, "response_metadata", "generation_info", "llm_output")
"""Objects in a reply that the table of names leads through."""
_FINISHES = ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason")
_FINISH_KEYS = frozenset(_FINISHES)
_COUNTS = ("prompt_eval_count", "eval_count")
"""Counts beside the text. Ollama."""
_WORDS = frozenset({"content", "text", "message", "output", "parts", "delta", "response", "_content", "candidates"})
_WORDS |= {"choices", "result"}
"""Where the words of a reply stand."""
_TELLING = frozenset({*_KEPT, *_FINISHES, *_COUNTS, "_meta", "choices", "candidates", "status"})
"""What tells something of a call. An object without any of these is not looked into."""
_INSIDE = ("messages", "replies", "generations", "candidates", "choices", "response", "raw", "kwargs", "message")
"""What a reply, or a part of one, lies in: LlamaIndex' `raw`, LangChain's `generations`, Haystack's `replies`."""
_OTHERS = ("human", "system", "user", "tool", "function", "developer")
"""What the role or the kind of a message that no model wrote begins with: `tool_result`, `HumanMessage`."""
_COSTS = ("total_cost_usd",)
"""What a run cost, beside its words. Claude Agent SDK."""
_ASKING = ("messages", "contents", "prompt", "input")
"""What a request has beside the name of its model."""


class _Part(NamedTuple):
    facts: StepFacts
    tells_tokens: bool


def facts_of_call(facts: StepFacts, given: JsonValue, reply: JsonValue) -> StepFacts:
    """What a step says of its call, and what its request and the reply to it say that it leaves open.

    Args:
        facts: what the step itself says.
        given: what was sent.
        reply: what came back.
    """
    tokens = facts.tokens
    are_counted = tokens is not None and tokens.cached is not None and tokens.reasoning is not None
    is_whole = are_counted and facts.served is not None and facts.finish_reason is not None
    told = facts_of_reply(reply) if isinstance(reply, dict | list) and not is_whole else NOTHING
    asked = _model_asked(given) if facts.asked is None else None
    if told == NOTHING and asked is None:
        return facts
    return facts._replace(
        tokens=fuller(facts.tokens, told.tokens),
        cost_usd=facts.cost_usd or told.cost_usd,
        asked=facts.asked or asked,
        served=facts.served or told.served,
        provider=facts.provider or told.provider,
        finish_reason=facts.finish_reason or told.finish_reason,
    )


def facts_of_reply(value: JsonValue) -> StepFacts:
    """What a reply says of its call. Where several parts count tokens nobody knows which are the call's."""
    told, counted = NOTHING, []
    for part in _parts(value):
        if part.tells_tokens:
            counted.append(part.facts)
        told = told._replace(
            served=told.served or part.facts.served,
            provider=told.provider or part.facts.provider,
            finish_reason=told.finish_reason or part.facts.finish_reason,
        )
    has_one = bool(counted) and all(facts.tokens == counted[0].tokens for facts in counted)
    return told._replace(tokens=counted[0].tokens, cost_usd=counted[0].cost_usd) if has_one else told


def _parts(value: JsonValue) -> Iterator[_Part]:
    """The parts of a reply that say something of its call, the outermost and the last first."""
    waiting: list[tuple[JsonValue, int]] = [(value, _DEPTH)]
    seen = 0
    while waiting and seen < _MOST:
        node, depth = waiting.pop()
        seen += 1
        if isinstance(node, list) and depth > 0:
            waiting += [(inner, depth - 1) for inner in node[-_MOST:] if isinstance(inner, dict | list)]
        elif isinstance(node, dict) and not _is_of_another(node):
            told = _told(node)
            if told != NOTHING:
                yield _Part(told, told.tokens is not None)
            waiting += [(inner, depth - 1) for inner in _inside(node)] if depth > 0 else []


def _inside(fields: Fields) -> Iterator[JsonValue]:
    """What may tell more: of a conversation nothing, where the last message of the model tells nothing."""
    for key in _INSIDE:
        inner = fields.get(key)
        if key == "messages" and isinstance(inner, list):
            written = [
                message for message in inner[-_MOST:] if isinstance(message, dict) and not _is_of_another(message)
            ]
            if written and all(_told(part) == NOTHING for part in (written[-1], *_kwargs(written[-1]))):
                continue
        if isinstance(inner, list) and key in _LISTS:
            yield inner[_MOST::-1]  # of several answers the first is the one that is judged
        elif isinstance(inner, dict | list):
            yield inner
    replies, metas = fields.get("replies"), fields.get("meta")
    if isinstance(replies, list) and isinstance(metas, list) and metas:  # Haystack's generators
        yield {"content": "", "_meta": metas[0]}


def _kwargs(message: Fields) -> Iterator[Fields]:
    if isinstance(inner := message.get("kwargs"), dict):
        yield inner


def _told(fields: Fields) -> StepFacts:
    """What one object of a reply says; nothing where it has not the form of a reply."""
    is_blocked = "index" in fields and not _FINISH_KEYS.isdisjoint(fields)  # an answer without a word
    if _TELLING.isdisjoint(fields) or (_WORDS.isdisjoint(fields) and not is_blocked):
        return NOTHING
    kept = {key: inner for key in _KEPT if isinstance(inner := fields.get(key), dict)}
    meta = next((inner for key in ("_meta", "meta") if isinstance(inner := fields.get(key), dict)), {})
    finish = next((reason for key in _FINISHES if (reason := fields.get(key, meta.get(key))) is not None), None)
    finish = _status(fields) if finish is None else finish
    counts = {key: fields[key] for key in _COUNTS if key in fields}
    if not kept and not meta and finish is None and not counts and not _lists_answers(fields):
        return NOTHING
    told = facts_in({**meta, **kept, **counts, "finish_reason": finish})
    if told.finish_reason not in FINISHES and told.tokens is None and not _is_answer(fields):
        told = told._replace(finish_reason=None)
    names_only = told._replace(asked=None, provider=None, prompt_name=None, prompt_version=None) == NOTHING
    if names_only and "_meta" not in fields and "role" not in fields and not _lists_answers(fields):
        return NOTHING
    if told.tokens is not None:
        told = told._replace(
            cost_usd=told.cost_usd or next(filter(None, (amount(fields.get(key)) for key in _COSTS)), None)
        )
    models = [fields.get(key, meta.get(key)) for key in MODEL_KEYS]
    served = told.served or name_of(next((name for name in models if isinstance(name, str)), None))
    return told._replace(asked=None, served=served)


def _lists_answers(fields: Fields) -> bool:
    """Whether it holds answers as an endpoint lists them: `choices`, `candidates`. A quiz has choices, too."""
    items = next((items for key in _LISTS if isinstance(items := fields.get(key), list)), [])
    return bool(items) and all(isinstance(item, dict) and _is_answer(item) for item in items[-_MOST:])


def _is_answer(item: Fields) -> bool:
    if any(isinstance(item.get(key), dict) for key in ("message", "delta", "content")):
        return True
    return "role" in item or "finishReason" in item or ("text" in item and "finish_reason" in item)


def _status(fields: Fields) -> JsonValue:
    """Why a reply stopped that tells how it ended: `completed`, or why it is incomplete. OpenAI Responses."""
    if fields.get("object") != "response" or not isinstance(fields.get("output"), list):
        return None
    why = fields.get("incomplete_details")
    return why.get("reason") if isinstance(why, dict) else fields.get("status")


def _is_of_another(fields: Fields) -> bool:
    """Whether it is a message of somebody else: of the user, or of a tool."""
    kinds = [fields.get(key) for key in ("role", "_role", "type")]
    names = fields.get("id")
    kinds += names[-1:] if isinstance(names, list) else []  # LangChain's serialised messages
    return any(isinstance(kind, str) and kind[:_LONGEST_KIND].lower().startswith(_OTHERS) for kind in kinds)


def _model_asked(request: JsonValue) -> str | None:
    """The model that a whole request names: `{"model": "gpt-5-mini", "messages": [...]}`."""
    if not isinstance(request, dict) or not isinstance(request.get("model"), str):
        return None
    return name_of(request["model"]) if any(key in request for key in _ASKING) else None
