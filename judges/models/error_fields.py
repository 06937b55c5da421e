"""Where an error body says what is wrong: the shapes of all providers, read into words, codes and a status."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from assay.judges.models.spoken_words import marked_words, unmarked

_MOST_CHARS = 2_000
_MOST_ITEMS = 20
_DEEPEST = 6

_WORD_FIELDS = (
    *("message", "msg", "detail", "details", "error", "errors", "error_message", "errormessage", "error_msg"),
    *("error_description", "errors_description", "description", "reason", "title", "faultstring", "fault", "param"),
    *("loc", "raw", "metadata", "reasons", "innererror", "inner_error", "cause", "violations", "status_msg"),
    *("base_resp", "result", "response", "status_message", "statusmessage", "blockreasonmessage", "localizedmessage"),
)
"""Fields that speak, or hold some that do. What repeats the request (`input`, `flagged_input`, `failed_generation`)
is left out."""

_CODE_FIELDS = (
    *("code", "type", "status", "reason", "__type", "error_type", "errortype", "error_code", "errorcode"),
    *("status_code", "statuscode", "error", "name", "errortypename"),
)
_LOOSE_CODE_FIELDS = frozenset({"reason", "error", "name"})
"""Fields of codes that speak as well: they may repeat a text, as `{"error": "<text>"}`."""

_REPLY_FIELDS = frozenset({"response", "result"})
"""Fields in which some gateways give the model's own reply as text: it is no complaint. As objects they may be one."""

_GOOGLE_TYPE = "type.googleapis.com/"


@dataclass
class ErrorFields:
    """What an error body says.

    Attributes:
        complaint: its words, lower case, without quotes.
        codes: its codes, types and status words, lower case.
        status: the HTTP status it names, e.g. 429 of `{"code": 429}`. None where it names none.
        is_object: whether it was a JSON object, or a list of them.
        is_page: whether it was a web page.
        spoken: its words with their quotation marks.
        doubtful: codes that a text could have brought: they stand in a field that speaks, or in JSON inside a string.
    """

    complaint: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None
    is_object: bool = False
    is_page: bool = False
    spoken: str = ""
    doubtful: frozenset[str] = frozenset()


@dataclass
class _Reading:
    words: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    is_inner: bool = False


def decoded_error(body: bytes) -> object:
    """The body's JSON, else its text."""
    text = body.decode("utf-8", "replace").strip().removeprefix("\ufeff")
    return _json_of(text, text)


def error_fields(body: object) -> ErrorFields:
    """Read a decoded error body: an object, a list of them, or a text."""
    if isinstance(body, str):
        is_page = re.match(r"(?i)<(?:!doctype|html|head|body|\?xml)", body.lstrip()[:20]) is not None
        words = _without_tags(body) if is_page else body[:_MOST_CHARS]
        spoken = marked_words(words)
        return ErrorFields(complaint=unmarked(spoken), spoken=spoken, is_page=is_page)
    reading = _Reading()
    _read(body, reading, depth=0)
    holders = body if isinstance(body, list) else [body]
    spoken = marked_words(" ".join(reading.words))
    return ErrorFields(
        complaint=unmarked(spoken),
        spoken=spoken,
        codes=tuple(dict.fromkeys([*reading.codes, *reading.doubtful])),
        doubtful=frozenset(reading.doubtful.difference(reading.codes)),
        status=next(iter(reading.statuses), None),
        is_object=any(isinstance(item, dict) for item in holders[:_MOST_ITEMS]),
    )


def _read(value: object, reading: _Reading, *, depth: int) -> None:
    """Take in a part of the body: a text, a list, or an object with speaking fields."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        _read_text(value, reading, depth=depth)
    elif isinstance(value, list):
        for item in value[:_MOST_ITEMS]:
            _read(item, reading, depth=depth + 1)
    elif isinstance(value, dict):
        named = {str(key).lower(): item for key, item in value.items()}
        _read_codes(named, reading)
        for name in _WORD_FIELDS:
            if name in named and not (name in _REPLY_FIELDS and isinstance(named[name], str)):
                _read(named[name], reading, depth=depth + 1)


def _read_text(text: str, reading: _Reading, *, depth: int) -> None:
    """A message. Gateways put what they were answered into it as JSON (OpenRouter's `metadata.raw`, Bedrock)."""
    inner = _json_of(text.strip(), None) if text.lstrip()[:1] in {"{", "["} else None
    if isinstance(inner, dict | list):
        was_inner, reading.is_inner = reading.is_inner, True
        _read(inner, reading, depth=depth + 1)
        reading.is_inner = was_inner
    else:
        reading.words.append(text[:_MOST_CHARS])


def _read_codes(named: dict[str, object], reading: _Reading) -> None:
    for name in _CODE_FIELDS:
        value = named.get(name)
        if not isinstance(value, bool) and isinstance(value, str | int):
            _read_code(name, str(value).strip(), reading, in_base="status_msg" in named)
    google = named.get("@type")
    if isinstance(google, str) and google.startswith(_GOOGLE_TYPE):
        _keep_code("@type", google.rpartition(".")[2].lower(), reading)


def _read_code(name: str, code: str, reading: _Reading, *, in_base: bool) -> None:
    """One code: MiniMax's own numbers, an HTTP status, or a word."""
    if in_base and name == "status_code":
        _keep_code(name, f"base_resp_{code}", reading)
    elif re.fullmatch(r"[1-5]\d\d", code):
        if not reading.is_inner:
            reading.statuses.append(int(code))
    elif re.fullmatch(r"[\w.:#/ -]{1,100}", code) and " " not in code:
        _keep_code(name, code.rpartition("#")[2].lower(), reading)


def _keep_code(name: str, code: str, reading: _Reading) -> None:
    if reading.is_inner or name in _LOOSE_CODE_FIELDS:
        reading.doubtful.add(code)
    else:
        reading.codes.append(code)


def _without_tags(page: str) -> str:
    """The words of a web page, those of its title first."""
    text = re.sub(r"(?is)<(script|style)\b.{0,20000}?</\1>", " ", page[:20_000])
    return " ".join(re.sub(r"<[^<>]{0,500}>", " ", text).split())[:_MOST_CHARS]


def _json_of(text: str, otherwise: object) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return otherwise
    return value if isinstance(value, dict | list | str) else otherwise
