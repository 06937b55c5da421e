"""The options behind the `?` of an address: only those that the driver knows, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

_WHOLE = frozenset(
    {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
)
"""Options that are whole numbers."""

_PLAIN = re.compile(r"[a-z_]{1,40}")
"""A name that may be shown, e.g. `conect_timeout`."""

_REFUSED = re.compile(
    r'invalid (?!integer )"?(?P<named>[a-z_]+)"? value'
    r'|for connection option "(?P<numbered>[a-z_]+)"'
    r"|bad value for (?P<checked>[a-z_]+)"
    r"|invalid (?P<port>port) number"
)
"""What the driver says of a value as it connects: `invalid sslmode value: "bogus"`. Its name is shown, and no value."""


def checked_options(values: Mapping[str, Sequence[str]]) -> dict[str, str | tuple[str, ...]]:
    """Options as SQLAlchemy takes them. Only hosts and ports may be there several times.

    Raises:
        ValueError: what is wrong. No value is in it, and no name beside a password, whose end it may be.
    """
    options: dict[str, str | tuple[str, ...]] = {}
    for name, given in values.items():
        if name not in _known():
            raise ValueError(_unknown(name, values))
        if len(given) > 1 and name not in {"host", "port"}:
            raise ValueError(f"option {name} is there twice; leave one out")
        if name in _WHOLE and not re.fullmatch(r"\d{1,9}", given[0]):
            raise ValueError(f"option {name} is no whole number; correct it")
        options[name] = given[0] if len(given) == 1 else tuple(given)
    return options


def refused_option(words: str) -> str:
    """The option whose value the driver refuses, by its own words. Empty where they are about something else."""
    match = _REFUSED.search(words)
    name = next((group for group in match.groups() if group), "") if match else ""
    return name if name in _known() else ""


def _unknown(name: str, values: Mapping[str, Sequence[str]]) -> str:
    is_safe = _PLAIN.fullmatch(name) and not any("pass" in other for other in values)
    shown = f"option {name}" if is_safe else "an option"
    return f"{shown} is not known to the driver; correct it, and percent-encode what stands behind the ? (& as %26)"


@cache
def _known() -> frozenset[str]:
    from psycopg import pq

    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
