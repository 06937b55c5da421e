"""Headers that may be set of an endpoint: their names, their values, and those that belong to the connection."""

from __future__ import annotations

import re

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.6.2), e.g. `X-Team`."""

_OF_CONNECTION = frozenset(
    {
        *("content-length", "transfer-encoding", "content-encoding", "accept-encoding", "connection", "keep-alive"),
        *("upgrade", "te", "trailer", "expect", "proxy-authorization", "proxy-connection"),
    }
)
"""Headers that say how this very request is carried, e.g. `content-length`. Another value breaks it."""


def header_problem(name: str, text: str) -> str | None:
    """Why a header cannot be sent. None: it can. Nothing of its value is in the words."""
    if _HEADER_NAME.fullmatch(name) is None:
        return "is no name of a header: only letters, digits and - may be in it"
    if name.lower() in _OF_CONNECTION:
        return "belongs to the connection, and is not set; remove it"
    if not text.isprintable():
        return "its value holds a control character; remove it"
    if not text.isascii():
        return "its value holds other characters than ASCII; percent-encode it"
    return None
