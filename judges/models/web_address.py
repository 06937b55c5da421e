"""The web address of an endpoint: whether it can be used, and how it is shown without a login."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:[^\s/?#@\[\]\"'<>]*@)?"
    r"(?P<host>[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d{1,5})?(?P<path>/[^\s?#@\"'<>]*)?(?:[?#][^\s@]*)?",
    re.IGNORECASE,
)
"""An address with or without a login, e.g. `https://user:password@judge.example.org:8080/v1`."""

FORM = "http:// or https://, a host and a path, as https://host/v1, and a login in it percent-encoded"


def is_web_address(url: str) -> bool:
    """Whether a URL is an address whose login, if there is one, can be told from the rest."""
    match = _ADDRESS.fullmatch(url)
    return match is not None and int((match["port"] or ":1")[1:]) <= 65535


def shown_address(url: str) -> str:
    """The address without login and query. Nothing of it where it cannot be read: a password may be anywhere in it."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        return "an address that cannot be read"
    return f"{match['scheme']}://{match['host']}{match['port'] or ''}{match['path'] or ''}"


def address_problem(url: str) -> str | None:
    """Why a URL is no address that can be used, and what to do. None: it is one. Nothing of it is in the words."""
    if is_web_address(url):
        return None
    if is_web_address(url.strip()):
        return "begins or ends with white space; remove that"
    host = url.partition("://")[2].rpartition("@")[2].partition("/")[0]
    if not host.isascii():
        return "is no web address: its host is not ASCII; write the host in punycode, as xn--mnchen-3ya.example"
    return f"is no web address; write {FORM}"
