"""Secrets that somebody wrote into a file of keys, told by their names and their look."""

from __future__ import annotations

import re
from collections.abc import Iterator

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment in a text, e.g. `${GATEWAY_TOKEN}`."""

_ALMOST = re.compile(r"\$\{[^}]*\}?")
"""What was meant to be one, e.g. `${ NAME }`, `${NAME:-x}` or `${NAME` without its end."""

_SECRET_NAME = re.compile(
    r"(?:^|.*[-_.])(?:authorization|api-?key|key|token|secret|password|cookie|credentials?|signature|sig|code)", re.I
)
"""The name of a header or a query field that carries a secret, e.g. `X-Gateway-Token`."""

_LOOSE_NAME = re.compile(r"(?:^|.*(?<!api)[-_.])(?:key|code|sig|signature)", re.I)
"""A name that is as often one of something else, e.g. `X-Request-Code` or `X-Cost-Key`."""

_BODY_NAME = re.compile(
    r"(?:^|.*[-_.])(?:authorization|api-?_?key|secret|password|credentials?|(?:access|auth|bearer|api)[-_]?token)", re.I
)
"""The name of a body's field that carries a secret, e.g. `api_key`. Others end alike, as `prompt_cache_key` does."""

_TRACE_NAME = re.compile(r"(?:^|.*[-_.])(?:trace|traceparent|id|uuid|hash|digest|sha256|commit|revision)", re.I)
"""The name of a header whose value is long and no secret, e.g. `X-Trace`."""

_WORDS = re.compile(r"[a-z]{1,15}\d{0,4}(?:[-_. /][a-z]{0,15}\d{0,4})+")
"""Words, and no key, e.g. `judging-run` or `region-euw1`."""

_SECRET_LOOK = re.compile(
    r"(?:Bearer|Basic|Token)\s+\S{6,}"
    r"|(?<![A-Za-z0-9])sk[-_][\w-]{8,}"
    r"|(?<![A-Za-z0-9])(?:pk|rk|gsk|xai|hf|nvapi|ghp|glpat|key)[-_](?:[A-Za-z0-9]{16,}|(?=[\w-]*\d)[\w-]{12,})"
    r"|AIza[\w-]{20,}|AKIA[0-9A-Z]{12,}|eyJ[\w-]{10,}\.[\w.-]+",
)
"""A text that looks like a key whatever its name, e.g. `sk-proj-abcdefgh1234`."""

_LONG_LOOK = re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-f]{32,}|[A-Za-z0-9]{60,})")
"""A text that looks like a key unless its name says what it is, e.g. `0123456789abcdef0123456789abcdef`."""

_LOGIN = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?[^/?#\s]*@.*", re.I)
"""An address with a login in it, e.g. `https://user:password@gateway/v1`, or `user:password@proxy:3128`."""

_SHORTEST = 8
"""No secret has fewer characters."""


def names_in(text: str) -> list[str]:
    """The variables of the environment that a text names."""
    return _REFERENCE.findall(text)


def filled(text: str, values: dict[str, str]) -> str:
    """The text with variables filled in."""
    return _REFERENCE.sub(lambda match: values[match[1]], text)


def has_almost_reference(text: str) -> bool:
    """Whether a text names a variable in a way that is not read: it would be sent as it stands."""
    return _ALMOST.search(_REFERENCE.sub("", text)) is not None


def looks_secret(name: str, text: str) -> bool:
    """Whether a value stands for itself and should not.

    Args:
        name: of the header or field.
        text: its value. What a variable stands for is none of it.
    """
    written = _REFERENCE.sub("", text).strip()
    return _is_named_so(name, written) or _looks_so(name, written)


def looks_like_key(text: str) -> bool:
    """Whether a text is a key by its look alone, wherever it stands."""
    return _looks_so("", _REFERENCE.sub("", text))


def secret_in_body(value: object) -> str | None:
    """The name of the first field of a body, at any depth, that holds a secret."""
    return next((name for name, text in _texts(value, "") if _is_secret_field(name, text)), None)


def has_written_login(address: str) -> bool:
    """Whether an address holds a login that is written out."""
    login = _LOGIN.fullmatch(address)
    return login is not None and not _REFERENCE.search(address.rpartition("@")[0])


def secret_query_field(address: str) -> str | None:
    """The first field of an address's query that looks like a secret."""
    pieces = address.partition("?")[2].split("&")
    pairs = (piece.partition("=") for piece in pieces if piece)
    return next((name for name, _, value in pairs if looks_secret(name, value)), None)


def _is_named_so(name: str, written: str) -> bool:
    """Whether the name is that of a secret, and the value could be one."""
    if _SECRET_NAME.fullmatch(name) is None or len(written) < _SHORTEST or written.lower() == "bearer":
        return False
    return _LOOSE_NAME.fullmatch(name) is None or _WORDS.fullmatch(written) is None


def _looks_so(name: str, written: str) -> bool:
    is_long = _LONG_LOOK.search(written) is not None and _TRACE_NAME.fullmatch(name) is None
    return is_long or _SECRET_LOOK.search(written) is not None


def _is_secret_field(name: str, text: str) -> bool:
    return (_BODY_NAME.fullmatch(name) is not None and len(text) >= _SHORTEST) or _looks_so(name, text)


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of the field it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)


def texts_in(value: object) -> Iterator[str]:
    """Every text in a value, at any depth."""
    return (text for _, text in _texts(value, ""))
