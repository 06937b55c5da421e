"""Secrets that somebody wrote into a file of keys, told by their names and their look."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment in a text, e.g. `${GATEWAY_TOKEN}`."""

_SECRET_NAME = re.compile(
    r"(?:^|.*[-_.])(?:authorization|api-?key|key|token|secret|password|cookie|credentials?|signature|sig|code)", re.I
)
"""The name of a header or a query field that carries a secret, e.g. `X-Gateway-Token`."""

_SECRET_LOOK = re.compile(
    r"(?:Bearer|Basic|Token)\s+\S{6,}|(?:sk|pk|rk|gsk|xai|hf|nvapi|ghp|glpat|key)[-_][\w-]{8,}|AIza[\w-]{20,}"
    r"|AKIA[0-9A-Z]{12,}|eyJ[\w-]{10,}\.[\w.-]+|[0-9a-f]{32,}|[A-Za-z0-9]{60,}",
)
"""A text that looks like a key whatever its name, e.g. `sk-proj-abcdefgh1234`."""

_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]*@.*", re.I)
"""An address with a login in it, e.g. `https://user:password@gateway/v1`."""

_SHORTEST = 8
"""No secret has fewer characters."""


def names_in(text: str) -> list[str]:
    """The variables of the environment that a text names."""
    return _REFERENCE.findall(text)


def filled(text: str, values: dict[str, str]) -> str:
    """The text with variables filled in."""
    return _REFERENCE.sub(lambda match: values[match[1]], text)


def looks_secret(name: str, text: str) -> bool:
    """Whether a value stands for itself and should not.

    Args:
        name: of the header or field.
        text: its value. What a variable stands for is none of it.
    """
    written = _REFERENCE.sub("", text).strip()
    is_named_so = _SECRET_NAME.fullmatch(name) is not None and len(written) >= _SHORTEST and written.lower() != "bearer"
    return is_named_so or _SECRET_LOOK.search(written) is not None


def has_written_login(address: str) -> bool:
    """Whether an address holds a login that is written out."""
    login = _LOGIN.fullmatch(address)
    return login is not None and not _REFERENCE.search(address.rpartition("@")[0])


def secret_query_field(address: str) -> str | None:
    """The first field of an address's query that looks like a secret."""
    pieces = address.partition("?")[2].split("&")
    pairs = (piece.partition("=") for piece in pieces if piece)
    return next((name for name, _, value in pairs if looks_secret(name, value)), None)
