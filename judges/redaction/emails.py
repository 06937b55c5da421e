"""E-mail addresses, also of other scripts, encoded, or written so that no robot finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.private_value import PrivateValue
from assay.judges.text.bounded_marks import normalized

_AT = re.compile(r"[@＠]|%40|&#0?64;|&commat;|\s?[(\[{]\s?(?:at|@|ät|arroba)\s?[)\]}]\s?", re.IGNORECASE)
"""What parts the name from the domain, e.g. `@`, ` (at) `, `%40` in an address of a page."""

_DOT = r"(?:[.．。]|\s?[(\[{]\s?(?:dot|punkt|punto|point)\s?[)\]}]\s?)"
_DOMAIN = re.compile(
    rf"(?:[^\W_](?:[\w-]{{0,62}}[^\W_])?{_DOT}){{1,8}}(?:xn--[a-z0-9-]{{2,59}}|[^\W\d_]{{2,24}})", re.IGNORECASE
)
"""A domain, e.g. `example.co.uk`, `müller.de`, `example (dot) com`."""

_PARTS_OF_DOT = re.compile(_DOT, re.IGNORECASE)
"""What parts the labels of a domain, e.g. ` (dot) `."""

_IN_NAMES = frozenset("._+-'’")
"""What may stand inside a name besides letters and digits, e.g. `+` in `ann+news`."""

_LONGEST_NAME = 64

_VERSION = re.compile(r"\d{1,6}\.(?:\d|x\b)|\dx\.(?:png|jpe?g|webp|gif|svg)\b", re.IGNORECASE)
"""What follows the sign in the version of a package or an image, e.g. `18.2` in `react@18.2.0`, `2x.png`."""

_REPOSITORY = re.compile(r":[\w~/]")
"""What follows the host of a repository, e.g. `:team` in `git@host.example:team/app`."""


def emails(text: str) -> Iterator[PrivateValue]:
    """Addresses in a text, in order."""
    for sign in _AT.finditer(text):
        start = _name_start(text, sign.start())
        domain = _DOMAIN.match(text, sign.end())
        if domain is None or start == sign.start() or _VERSION.match(text, sign.end()):
            continue
        name = text[start : sign.start()]
        if name == "git" and _REPOSITORY.match(text, domain.end()):
            continue
        yield PrivateValue("email", start, domain.end(), _key(name, domain.group()))


def _name_start(text: str, end: int) -> int:
    """Where the name begins that ends before the sign. `end`: there is none."""
    start = end
    while start and end - start < _LONGEST_NAME and (text[start - 1].isalnum() or text[start - 1] in _IN_NAMES):
        start -= 1
    while start < end and not text[start].isalnum() and text[start] != "_":
        start += 1
    return start


def _key(name: str, domain: str) -> str:
    address = f"{name}@{_PARTS_OF_DOT.sub('.', domain)}"
    return normalized("NFKC", address).casefold()
