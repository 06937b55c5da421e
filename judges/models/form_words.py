"""Which feature of a request an endpoint complains of, told by its words: that one is left out at once.

Words only make the way shorter. What is said in none of them is found by trying (`form_ladder.py`).
"""

from __future__ import annotations

from typing import Literal

from assay.judges.models.meaning import Meaning
from assay.judges.models.refusals import Refusal, meaning_of
from assay.judges.models.request_form import JsonForm, RequestForm

FORM_MEANINGS = (Meaning.FORM, Meaning.UNKNOWN)
"""What the table of errors says of those that may be about the form."""

_BROKEN = frozenset({500, 501})

Feature = Literal["token_field", "logprobs", "system_role", "temperature", "tool_choice", "schema", "json_form"]

_BOUND = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_UNKNOWN_FIELD = (
    *("unsupported", "not support", "unrecognized", "unrecognised", "unknown", "unexpected", "not permitted"),
    *("not allowed", "not accepted", "extra", "invalid param", "deprecated", "instead", "no such"),
    "additional propert",
)
_OUT_OF_RANGE = ("too large", "at most", "exceed", "less than", "greater", "between", "out of range", "must be", "<=")
"""The name of the bound is right, and its number is not, e.g. `max_tokens must be at most 1024`."""

_LOGPROBS = ("logprob", "log_prob", "log prob", "log-prob", "token probabilities")
_SYSTEM_ROLE = (
    *("system role", "system message", "system prompt", "role 'system'", 'role "system"', "role: system"),
    *("roles must alternate", "must alternate", "developer instruction", "systeminstruction", "system instruction"),
    *("role system", "'system' role", '"system" role', "`system`"),
)
_TOOL_CHOICE = ("tool_choice", "toolchoice", "tool choice", "function_call")
_SCHEMA = (
    *("additionalproperties", "additional_properties", "anyof", "any_of", "oneof", "one_of", "union", "nullable"),
    *("too many states", "too complex", "complexity", "invalid schema", "invalid json schema", "schema is invalid"),
    *("schema produces", "property names", "not supported by xgrammar", "unsupported schema", "schema feature"),
    *("strict", "keyword", "schema is not valid", "unsupported json schema", "schema conversion"),
)
"""The endpoint knows schemas, and not all that is in ours, e.g. `additionalProperties is not supported`."""

_JSON_FORM = (
    *("response_format", "response format", "responseformat", "json_schema", "json_object", "structured output"),
    *("structured_output", "guided", "grammar", "json mode", "json_mode", "json schema", "json output"),
    *("output_config", "response_schema", "response_mime_type", "invalid format", "invalid schema", "output format"),
)
_TOOLS = ("tool", "function")
_NO_CHOICE = ("enable-auto-tool-choice", "tool-call-parser", "jinja")
"""The server was started without function calls, whichever way they are asked for."""

_JSON_FIELDS = ("response_format", "json_schema", "tool_choice", "'tools'", '"tools"')

_REFUSING = (
    *("not support", "unsupported", "not allowed", "not implemented", "requires", "must be one of", "not permitted"),
    *("not available", "unavailable for", "not enabled", "unknown", "unrecognized", "only supports", "invalid"),
    *("cannot be used", "is disabled", "not accept", "unexpected"),
)
_NOT_THERE = frozenset({404, 405})
_LACKING = ("parameter", "support", "capab", "feature")
"""Words of a router that has no provider for the form, e.g. `No endpoints found that support tool use`."""

_PLAIN_REFUSALS = frozenset({200, 400, 404, 405, 415, 422})
"""With other statuses (403 for log-probabilities, 500 of llama.cpp without --jinja) the complaint must also say that
the feature is what is refused."""


def may_be_of_form(form: RequestForm, refusal: Refusal) -> bool:
    """Whether an error may be about the form. Some servers refuse a feature as if they had broken (500)."""
    meaning = meaning_of(refusal)
    is_named = refused_feature(form, refusal.status, refusal.complaint) is not None
    return meaning in FORM_MEANINGS or (meaning is Meaning.OUTAGE and refusal.status in _BROKEN and is_named)


def refused_feature(form: RequestForm, status: int, complaint: str) -> Feature | None:
    """The feature of a request that its refusal names. None: it names none that the request had.

    Args:
        form: the form of the request.
        status: of the answer.
        complaint: lower-case text of the error's own fields.
    """
    if status not in _PLAIN_REFUSALS and not _has(complaint, _REFUSING):
        return None
    if _is_about_bound(form, complaint):
        return "token_field"
    if form.logprobs and _has(complaint, _LOGPROBS):
        return "logprobs"
    if form.system_role and _has(complaint, _SYSTEM_ROLE):
        return "system_role"
    if form.temperature and "temperature" in complaint:
        return "temperature"
    return _json_feature(form, complaint)


def _json_feature(form: RequestForm, complaint: str) -> Feature | None:
    """What is refused of the way in which JSON is asked for."""
    match form.json_form:
        case JsonForm.PLAIN:
            return None
        case JsonForm.TOOL if form.tool_choice != "auto" and _is_about_choice(complaint):
            return "tool_choice"
        case JsonForm.SCHEMA | JsonForm.TOOL if not form.is_loose and _has(complaint, _SCHEMA):
            return "schema"
        case JsonForm.TOOL if _has(complaint, _TOOLS):
            return "json_form"
    return "json_form" if _has(complaint, _JSON_FORM) else None


def no_form_helps(form: RequestForm, status: int, complaint: str) -> bool:
    """Whether a refusal has nothing to do with the form, whatever it names.

    One of the plain form that names a field of another repeats a text. One that finds the bound on the completion too
    large, and its name right, is about the number. One that finds nothing at an address is about the address.
    """
    if status in _NOT_THERE and not _has(complaint, _LACKING):
        return True
    repeats = form.json_form is JsonForm.PLAIN and _has(complaint, _JSON_FIELDS)
    return repeats or (_has(complaint, _BOUND) and _has(complaint, _OUT_OF_RANGE))


def _is_about_choice(complaint: str) -> bool:
    return _has(complaint, _TOOL_CHOICE) and not _has(complaint, _NO_CHOICE)


def _is_about_bound(form: RequestForm, complaint: str) -> bool:
    """Whether the name of the bound on the completion is refused."""
    if not form.token_field or not _has(complaint, _BOUND):
        return False
    names_another = form.token_field == "max_tokens" and "max_completion_tokens" in complaint  # noqa: S105  # a field name
    is_unknown = form.token_field in complaint and _has(complaint, _UNKNOWN_FIELD)
    return (names_another or is_unknown) and (_has(complaint, _UNKNOWN_FIELD) or not _has(complaint, _OUT_OF_RANGE))


def _has(complaint: str, words: tuple[str, ...]) -> bool:
    return any(word in complaint for word in words)
