"""Fields of an endpoint's settings put into the body of a request, and those that never are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

_TEXT = "what is asked is written by the rubric"
_BOUND = "the bound is max_tokens of the rubric, and its name `token_field`"
_MODEL = "the model is named by the rubric, or by ASSAY_JUDGE_MODEL; else a verdict would name another than judged"
_REPLIES = "one reply is asked for, and its price is bounded"
_FORM = "how JSON is asked for is `form`"
_CUT = "a prompt that is cut is judged wrong; set `context_window`"

_OURS: dict[str, str] = {
    **dict.fromkeys(("messages", "prompt", "input", "contents", "state", "questions", "cachedcontent"), _TEXT),
    **dict.fromkeys(("system", "systeminstruction", "instructions"), f"{_TEXT}; see `system_role`"),
    **dict.fromkeys(("model", "models", "fallbacks"), _MODEL),
    **dict.fromkeys(("maxtokens", "maxcompletiontokens", "maxoutputtokens", "maxnewtokens"), _BOUND),
    **dict.fromkeys(("npredict", "numpredict", "maxtokenstosample", "mintokens"), _BOUND),
    **dict.fromkeys(("n", "bestof", "candidatecount", "numreturnsequences", "usebeamsearch"), _REPLIES),
    **dict.fromkeys(("responseformat", "tools", "toolchoice", "toolconfig", "functions", "functioncall"), _FORM),
    **dict.fromkeys(("guidedjson", "guidedregex", "guidedchoice", "guidedgrammar", "structuredoutputs"), _FORM),
    **dict.fromkeys(
        ("grammar", "jsonschema", "format", "responsemimetype", "responseschema", "responsejsonschema"), _FORM
    ),
    **dict.fromkeys(("logprobs", "toplogprobs", "responselogprobs"), "token probabilities are `logprobs`"),
    "temperature": "write `temperature: true` for 0, `temperature: false` for the model's own",
    **dict.fromkeys(("truncation", "truncateprompttokens", "transforms"), _CUT),
}
"""Fields that Assay answers for, e.g. `maxtokens`, in small letters without `_`, and what to do instead."""

_CONTAINERS = {"generationconfig": frozenset[str](), "outputconfig": frozenset({"format"}), "options": frozenset[str]()}
"""Fields whose own fields are looked at as well, and what else of theirs is ours, e.g. the `format` in one."""

_ASIDE = frozenset(
    {
        *("stream", "stream_options", "user", "metadata", "store", "service_tier", "prompt_cache_key"),
        *("safety_identifier", "prompt_cache_retention", "labels"),
    }
)
"""Fields that change nothing of what the model is asked or answers, e.g. `stream`."""


def with_extra(body: dict[str, Any], extra: Mapping[str, Any], merged: frozenset[str]) -> dict[str, Any]:
    """The body with further fields. They replace ours of the same name.

    Args:
        body: the request.
        extra: the fields.
        merged: names of fields that hold settings of ours and of others side by side. Their objects are put together,
            one level deep, e.g. `generationConfig` with its bound of ours and a `thinkingConfig` of the settings.
    """
    together = {
        name: {**body[name], **value}
        for name, value in extra.items()
        if name in merged and isinstance(value, Mapping) and isinstance(body.get(name), dict)
    }
    return {**body, **extra, **together}


def field_of_ours(extra: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first field that would change who judges, what is asked or what it may cost, and what to set instead."""
    for name, value in extra.items():
        plain = _plain(name)
        if plain in _OURS:
            return name, _OURS[plain]
        if plain in _CONTAINERS:
            if not isinstance(value, Mapping):
                return name, "it replaces what holds the model to its form; write an object"
            for inner in value:
                if _plain(inner) in _OURS or _plain(inner) in _CONTAINERS[plain]:
                    return f"{name}.{inner}", _OURS.get(_plain(inner), _FORM)
    return None


def no_json_number(value: object) -> bool:
    """Whether a value holds a number that JSON does not have, at any depth."""
    return any(isinstance(number, float) and not math.isfinite(number) for number in _values(value))


def judging_fields(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that may change what the model answers."""
    return {name: value for name, value in extra.items() if name not in _ASIDE}


def _values(value: object) -> Iterator[object]:
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _values(inner)
    else:
        yield value


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
