"""Where an error body says what is wrong: the shapes of all providers, read into words, codes and a status."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from assay.judges.models.sent_text import plain_words

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
    """

    complaint: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None
    is_object: bool = False
    is_page: bool = False


@dataclass
class _Reading:
    words: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


def read_error(body: bytes) -> ErrorFields:
    """Read the body of an error answer, whatever it is."""
    return error_fields(decoded_error(body))


def decoded_error(body: bytes) -> object:
    """The body's JSON, else its text."""
    text = body.decode("utf-8", "replace").strip().removeprefix("\ufeff")
    return _json_of(text, text)


def error_fields(body: object) -> ErrorFields:
    """Read a decoded error body: an object, a list of them, or a text."""
    if isinstance(body, str):
        is_page = re.match(r"(?i)<(?:!doctype|html|head|body|\?xml)", body.lstrip()[:20]) is not None
        words = _without_tags(body) if is_page else body[:_MOST_CHARS]
        return ErrorFields(complaint=plain_words(words), is_page=is_page)
    reading = _Reading()
    _read(body, reading, depth=0)
    holders = body if isinstance(body, list) else [body]
    return ErrorFields(
        complaint=plain_words(" ".join(reading.words)),
        codes=tuple(dict.fromkeys(reading.codes)),
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
            if name in named:
                _read(named[name], reading, depth=depth + 1)


def _read_text(text: str, reading: _Reading, *, depth: int) -> None:
    """A message. Gateways put what they were answered into it as JSON (OpenRouter's `metadata.raw`, Bedrock)."""
    inner = _json_of(text.strip(), None) if text.lstrip()[:1] in {"{", "["} else None
    if isinstance(inner, dict | list):
        _read(inner, reading, depth=depth + 1)
    else:
        reading.words.append(text[:_MOST_CHARS])


def _read_codes(named: dict[str, object], reading: _Reading) -> None:
    in_base = "status_msg" in named
    for name in _CODE_FIELDS:
        value = named.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            continue
        code = str(value).strip()
        if in_base and name == "status_code":
            reading.codes.append(f"base_resp_{code}")
        elif re.fullmatch(r"[1-5]\d\d", code):
            reading.statuses.append(int(code))
        elif re.fullmatch(r"[\w.:#/ -]{1,100}", code) and " " not in code.strip():
            reading.codes.append(code.rpartition("#")[2].lower())
    google = named.get("@type")
    if isinstance(google, str) and google.startswith(_GOOGLE_TYPE):
        reading.codes.append(google.rpartition(".")[2].lower())


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
