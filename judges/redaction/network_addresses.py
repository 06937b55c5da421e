"""Addresses of machines on a network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from assay.judges.redaction.boundaries import NO_WORD_AFTER
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.time_limit import TimeLimit

_POINT = r"(?:\.|\s?[(\[{]\s?(?:dot|punkt|\.)\s?[)\]}]\s?|\s(?:dot|punkt)\s)"

_V4 = re.compile(
    rf"(?<![^\W_])(?<!\d\.)(?<![^\W\d]-)(?:\d{{1,3}}{_POINT}){{3}}\d{{1,3}}{NO_WORD_AFTER}(?!\.\d|-(?!\d+\.)\w)",
    re.ASCII | re.IGNORECASE,
)
"""Four numbers with points, e.g. `203.0.113.7`, `203 dot 0 dot 113 dot 7`. A range gives both ends."""

_SAID_POINT = re.compile(_POINT, re.IGNORECASE)
"""What parts the numbers, e.g. `(dot)`."""

_V4_NAME = re.compile(
    r"(?<![^\W_])(?:(?<=\bec2-)|(?<!\d-))\d{1,3}(?:-\d{1,3}){3}(?=\.[a-z][a-z0-9-]{0,40}\.[a-z])", re.IGNORECASE
)
"""The name that a provider gives to an address, e.g. `203-0-113-7.isp.example`."""

_V6 = re.compile(
    r"(?<![^\W_])(?<!:)(?<!\d\.)(?=[0-9A-Fa-f:]{0,4}:)[0-9A-Fa-f:]{3,39}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?"
    rf"{NO_WORD_AFTER}(?!:|\.\d)",
    re.ASCII,
)
"""Groups of hexadecimal digits with colons, e.g. `2001:db8::7`."""

_V6_LABEL = re.compile(r"\b(?:ipv?6|ip|host|addr(?:ess)?|from|client|server):(?=[0-9A-Fa-f:]{4})", re.IGNORECASE)
"""A word that an address follows without a gap, as in `IPv6:2001:db8::7`."""

_NETWORKS = [ipaddress.ip_network(net) for net in ("2000::/3", "fc00::/7", "fe80::/10", "ff00::/8", "64:ff9b::/96")]
"""Networks in use. Others are ratios, keys and names in programs, e.g. `1:2:3:4:5:6:7:8`, `a1::b2`."""

_NO_ADDRESS = re.compile(
    r"(?:\bv|\bversion|\brelease|\bbuild|\bfirmware|\bdriver|\brev(?:ision)?|\bsection|\bchapter|\bclause|\babschnitt"
    r"|\bkapitel|§|\bver|\bupdate|\bsdk|\boid|\bchrome|\bfirefox|\bsafari|\bedge|\bopera|\bwindows|\belectron|\bnumpy)"
    r"\.?[\s/]?[:=]?\s?$",
    re.IGNORECASE,
)
"""What says that four numbers are something else, e.g. `version `."""

_ADDRESS = re.compile(
    r"\b(?:ip(?:v4)?|host|server|client|addr(?:ess)?|adresse|gateway|dns|peer|ping)\W{0,4}(?:is|ist|at)?\s?$",
    re.IGNORECASE,
)
"""What says that even small numbers are an address, e.g. `IP `."""

_RELEASED = re.compile(r"\s(?:(?:was|is|wurde)\s)?(?:released|or later|and later|veröffentlicht)\b", re.IGNORECASE)
"""What says that the four numbers before are a version, e.g. ` was released`."""

_LOOK_BACK = 16


def network_addresses(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    """Addresses in a text. The machine's own (`127.0.0.1`), masks and `0.0.0.0` point to nobody and are left."""
    for match in _V4.finditer(text):
        limit.check()
        written = _SAID_POINT.sub(".", match.group())
        yield from _address(match, written, is_sure=_is_v4(match, written, text))
    for match in _V4_NAME.finditer(text):
        yield from _address(match, match.group().replace("-", "."), is_sure=True)
    if ":" not in text:
        return
    labels_away = _V6_LABEL.sub(lambda label: f"{label.group()[:-1]} ", text)
    for match in _V6.finditer(labels_away):
        limit.check()
        if any(map(str.isdigit, match.group())):
            yield from _address(match, match.group(), is_sure=True)


def _is_v4(match: re.Match[str], written: str, text: str) -> bool:
    """Whether four numbers are an address. Four of one digit each are mostly those of a chapter."""
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    if _NO_ADDRESS.search(before) or _RELEASED.match(text, match.end()):
        return False
    is_small = len(written) == len("3.1.2.4") or written.endswith(".0.0.0")
    return not is_small or _ADDRESS.search(before) is not None


def _address(match: re.Match[str], written: str, *, is_sure: bool) -> Iterator[PrivateValue]:
    try:
        address = ipaddress.ip_address(re.sub(r"(?<![0-9A-Fa-f:])0+(?=\d)", "", written) if "." in written else written)
    except ValueError:
        return
    if isinstance(address, ipaddress.IPv6Address):
        is_sure = is_sure and (address.ipv4_mapped is not None or any(address in net for net in _NETWORKS))
        address = address.ipv4_mapped or address
    if not address.is_loopback and not address.is_unspecified and not str(address).startswith("255."):
        yield PrivateValue("ip", match.start(), match.end(), str(address), is_sure)
