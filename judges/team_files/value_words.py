"""What is wrong with one value, in plain words with a remedy. pydantic's own words are for programmers."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from assay.judges.team_files.near_names import nearest

_TEXT, _LIST, _KEYS = "text", "a list, as [x]", "keys, as `key: value`"
_NUMBER, _WHOLE, _BOOL = "a number, as 0.5", "a whole number, as 10", "true or false"
_DAY, _MOMENT = "a day, as 2026-12-01", "a moment with its offset, as 2026-12-01T10:00:00Z"

_NO_JSON = "holds what JSON does not have, as a date or a key that is a number; put it in quotes"

_JSON_WORDS = {
    _TEXT: "a string",
    _LIST: "an array, as [x]",
    _KEYS: 'an object, as {"key": value}',
    _MOMENT: "a datetime with its offset, as 2026-12-01T10:00:00Z",
}
"""Where JSON has another word for a value."""

_WANTED = {
    **dict.fromkeys(("string_type", "string_sub_type", "bytes_type"), _TEXT),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _BOOL),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DAY),
    **dict.fromkeys(("decimal_type", "decimal_parsing"), _NUMBER),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
    "datetime_object_invalid": _MOMENT,
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type", "iterable_type"), _LIST),
    **dict.fromkeys(("dict_type", "model_type", "mapping_type", "model_attributes_type", "dataclass_type"), _KEYS),
}
"""What a value must be, by pydantic's word for the problem."""

_SECRET = re.compile(r"key|token|secret|password|auth|cookie|header|url|webhook", re.IGNORECASE)
"""A part of a key whose value is not shown, e.g. of `headers.Authorization`."""

_PERCENT = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*%\s*")
"""A share written as per cent: `10 %`."""

_DECIMAL_COMMA = re.compile(r"\d+,\d+")
"""A number with a comma where YAML wants a point: `0,1`."""

_PATTERN = re.compile(r"\^\[([^]]+)\]\[([^]]+)\](?:\*|\+|\{0,(\d+)\})\$")
"""A pattern of a name: `^[a-z][a-z0-9_-]{0,62}$`."""

_CLASSES = {"a-z": "small letters", "A-Z": "capital letters", "0-9": "digits", "_": "_", "-": "-", ".": "."}


def words_of(problems: Sequence[Any], place: Sequence[int | str], *, is_json: bool = False) -> str:
    """What is wrong with a value, and what to do about it.

    Args:
        problems: those of pydantic's `errors()` that are about it: several where it suits no member of a union.
        place: the keys that lead to the value.
        is_json: it was JSON, and not YAML.
    """
    telling = next((problem for problem in problems if problem["type"] not in _WANTED), None)
    if telling is None:
        wanted = list(dict.fromkeys(_WANTED[problem["type"]] for problem in problems))
        return (_wrong_json if is_json else _wrong_yaml)(problems[0]["input"], wanted, place)
    if isinstance(telling["input"], float) and math.isnan(telling["input"]):
        return "nan is no number that can be compared; write a finite one"
    if telling["type"] in _WORDS:
        shown = _shown(telling["input"], place)
        return _WORDS[telling["type"]](shown, telling["input"], telling.get("ctx", {}))
    message = str(telling["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if telling["type"] in ("value_error", "assertion_error") else f"{message.lower()}; mend it"


def _wrong_json(value: Any, wanted: Sequence[str], place: Sequence[int | str]) -> str:
    words = " or ".join(_JSON_WORDS.get(each, each) for each in wanted)
    return f"must be {words}, not {'null' if value is None else _shown(value, place)}; mend it"


def _wrong_yaml(value: Any, wanted: Sequence[str], place: Sequence[int | str]) -> str:
    if wanted == [_LIST]:
        return f"must be {_LIST}; put brackets around it"
    if wanted == [_KEYS]:
        return f"must hold {_KEYS}; fill it or remove it"
    words = " or ".join(wanted)
    if value is None:
        return f"is empty; write {words}, or remove the key"
    if wanted == [_TEXT]:
        return _no_text(value)
    share = _as_share(value) if _NUMBER in wanted else None
    shown = _shown(value, place)
    return f"{shown} is no number; write {share}" if share else f"must be {words}, not {shown}; mend it"


def _no_text(value: Any) -> str:
    if isinstance(value, bool):
        return "YAML reads yes, no, on and off as true or false; put the word in quotes"
    if isinstance(value, int | float):
        return f"YAML reads {value} as a number, and this must be text; put it in quotes"
    if isinstance(value, datetime.date):
        return "YAML reads it as a day, and this must be text; put it in quotes"
    return f"must be text, not {_shown(value)}; write one text"


def _as_share(value: Any) -> str | None:
    """The number that `10%` or `0,1` was meant to be, with its reason."""
    if not isinstance(value, str):
        return None
    if match := _PERCENT.fullmatch(value):
        per_cent = float(match.group(1).replace(",", "."))
        return f"{per_cent / 100:g} for {per_cent:g} per cent"
    return value.replace(",", ".") if _DECIMAL_COMMA.fullmatch(value) else None


def _shown(value: Any, place: Sequence[int | str] = ()) -> str:
    """A value as a message shows it: short, harmless for a terminal, and never where it may be a secret."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "keys"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int | float | datetime.date):
        return str(value)[:40]
    if not isinstance(value, str) or any(_SECRET.search(str(part)) for part in place):
        return "this value"
    return ascii(value) if len(value) <= 40 and not value.isprintable() else repr(value[:40])


def _too_much(shown: str, value: Any, limit: Any, most: str) -> str:
    is_share = isinstance(value, int | float) and 0 < limit <= 1 < value <= 100
    if is_share:
        return f"{shown} is too much, {most} {limit:g}; a share is written as {value / 100:g} for {value:g} per cent"
    return f"{shown} is too much; {most} {_figure(limit)}"


def _figure(limit: Any) -> str:
    return f"{limit:,}" if isinstance(limit, int) and abs(limit) >= 100_000 else str(limit)


def _characters(count: int) -> str:
    return f"{count} character{'' if count == 1 else 's'}"


def _count_words(shown: str, value: Any, context: dict[str, Any]) -> str:
    least, actual = context["min_length"], context["actual_length"]
    return f"is empty; write at least {least}" if not actual else f"has {actual}, too few; write at least {least}"


def _unlike_pattern(shown: str, value: Any, context: dict[str, Any]) -> str:
    """What a name must look like, and the nearest one that does."""
    pattern = str(context["pattern"])
    match = _PATTERN.fullmatch(pattern)
    if match is None:
        return f"{shown} does not have the form {pattern}; mend it"
    first, rest, longest = match.groups()
    most = f", {int(longest) + 1} at most" if longest else ""
    joint = "-" if rest.endswith("-") else "_"
    proposal = re.sub(f"[^{rest}]+", joint, str(value).lower()).lstrip("-_.0123456789").rstrip("-_.")
    example = f"; write {proposal!r}" if re.fullmatch(pattern, proposal) else "; rename it"
    return f"{shown} must begin with {' or '.join(_class(first))} and hold only {_listed(_class(rest))}{most}{example}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _class(characters: str) -> list[str]:
    listed = [part for part in _CLASSES if part in (characters if len(part) > 1 else characters.replace("a-z", ""))]
    if not characters.endswith("-") and "-" in listed:
        listed.remove("-")
    return [_CLASSES[part] for part in listed]


def _literal(shown: str, value: Any, context: dict[str, Any]) -> str:
    options = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags", ""))))
    if not options:
        return f"{shown} is not possible here; write {context.get('expected')}"
    if isinstance(value, bool) and {"yes", "no", "on", "off"} & set(options):
        return "YAML reads yes, no, on and off as true or false; put the word in quotes"
    name = context.get("tag", value)
    near = nearest(str(name), options)
    meant = f"did you mean {near!r}? " if near else ""
    return f"{_shown(name)} is unknown; {meant}possible: {', '.join(map(repr, options))}"


_WORDS: dict[str, Callable[[str, Any, dict[str, Any]], str]] = {
    "timezone_aware": lambda shown, value, c: "a time without an offset; add one, as in 2026-11-21T10:00:00Z",
    "missing": lambda shown, value, context: "missing; add it",
    "less_than_equal": lambda shown, value, c: _too_much(shown, value, c["le"], "the most is"),
    "less_than": lambda shown, value, c: _too_much(shown, value, c["lt"], "it must be below"),
    "greater_than_equal": lambda shown, value, c: f"{shown} is too little; the least is {c['ge']}",
    "greater_than": lambda shown, value, c: f"{shown} is too little; it must be above {c['gt']}",
    "multiple_of": lambda shown, value, c: f"{shown} is no multiple of {c['multiple_of']}; write one",
    "finite_number": lambda shown, value, c: f"{shown} is no finite number; write one",
    "literal_error": _literal,
    "enum": _literal,
    "union_tag_invalid": _literal,
    "union_tag_not_found": lambda shown, value, c: f"{str(c['discriminator']).strip(chr(39))} is missing; add it",
    "string_pattern_mismatch": _unlike_pattern,
    "string_too_short": lambda shown, value, c: (
        f"{'is empty' if not value else f'{shown} is too short'}; write at least {_characters(c['min_length'])}"
    ),
    "string_too_long": lambda shown, value, c: f"is too long; {c['max_length']:,} characters at most",
    "too_short": _count_words,
    "too_long": lambda shown, value, c: f"has too many; {c['max_length']} at most",
    "invalid_key": lambda shown, value, c: f"{shown} is a key that is no text; put it in quotes",
    "invalid-json-value": lambda shown, value, c: _NO_JSON,
    "json_invalid": lambda shown, value, c: f"no JSON ({c.get('error', 'not readable')})",
}
"""The words for a problem from the value as shown, the value and pydantic's context."""
