"""Addresses of machines on a network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from assay.judges.redaction.private_value import PrivateValue

_V4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
"""Four numbers with points, e.g. `203.0.113.7`."""

_V6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,4}:)[0-9A-Fa-f:]{3,39}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])", re.ASCII
)
"""Groups of hexadecimal digits with colons, e.g. `2001:db8::7`."""

_NO_ADDRESS = re.compile(
    r"(?:\bv|\bversion|\brelease|\bbuild|\bfirmware|\bdriver|\brev(?:ision)?|\bsection|\bchapter|\bclause|\babschnitt"
    r"|\bkapitel|§|\bver|\bupdate|\bsdk)\.?\s?[:=]?\s?$",
    re.IGNORECASE,
)
"""What says that four numbers are something else, e.g. `version `."""

_LOOK_BACK = 16


def network_addresses(text: str) -> Iterator[PrivateValue]:
    """Addresses in a text. The machine's own (`127.0.0.1`), masks and `0.0.0.0` point to nobody and are left."""
    for match in _V4.finditer(text):
        if not _NO_ADDRESS.search(text[max(0, match.start() - _LOOK_BACK) : match.start()]):
            yield from _address(match)
    for match in _V6.finditer(text) if ":" in text else ():
        if any(map(str.isdigit, match.group())):
            yield from _address(match)


def _address(match: re.Match[str]) -> Iterator[PrivateValue]:
    try:
        address = ipaddress.ip_address(match.group())
    except ValueError:
        return
    if not address.is_loopback and not address.is_unspecified and not str(address).startswith("255."):
        yield PrivateValue("ip", match.start(), match.end(), str(address))
