"""Writes the part of a lock that some extras need: pinned, with hashes, for `pip install --require-hashes -r`.

    python deploy/image/pick_requirements.py requirements-all.lock --extras langfuse,postgres > picked.lock
    python deploy/image/pick_requirements.py requirements-dev.lock --package hatchling > build.lock

The lock says of each package who asked for it (`# via celery`), and pyproject.toml what an extra asks for. So every
choice of extras comes from the same versions, and nothing is resolved anew. It needs Python 3.11 and no package.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).parents[2] / "pyproject.toml"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""The name a requirement begins with, e.g. `psycopg` of `psycopg[binary]>=3.2.10,<4`."""

_OWN_EXTRAS = re.compile(r"^assay-fleet\[(.+)\]$")
"""An extra that consists of others, e.g. `assay-fleet[langfuse,otlp]`."""

_PARENT = re.compile(r"^ +# +(?:via +)?([A-Za-z0-9][A-Za-z0-9._-]*)(?: \(.+\))?$")
"""Who asked for a package, e.g. `    # via celery` or `    #   assay-fleet (pyproject.toml)`."""


class Pin(NamedTuple):
    """One version of one package, as the lock has it."""

    name: str
    lines: tuple[str, ...]
    parents: frozenset[str]


def read_lock(text: str) -> list[Pin]:
    """The pins of a lock that uv wrote. A package has two where versions differ by platform."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return [_pin(block) for block in blocks]


def _pin(block: list[str]) -> Pin:
    parents = (match[1] for line in block if line.strip() != "# via" and (match := _PARENT.match(line)))
    return Pin(_name(block[0]), tuple(block), frozenset(map(_canonical, parents)))


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    if match is None:
        raise SystemExit(f"pick_requirements: {requirement!r} is no requirement; write the lock anew by `make lock`")
    return _canonical(match[0])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_asked_for(project: Mapping[str, Any], extras: Iterable[str]) -> set[str]:
    """The packages that the project itself and these extras name.

    Raises:
        SystemExit: there is no such extra.
    """
    known: Mapping[str, list[str]] = project["optional-dependencies"]
    names = {_name(requirement) for requirement in project["dependencies"]}
    for extra in extras:
        if extra not in known:
            raise SystemExit(f"pick_requirements: there is no extra {extra!r}; name some of: {', '.join(known)}")
        for requirement in known[extra]:
            own = _OWN_EXTRAS.match(requirement)
            names |= names_asked_for(project, own[1].split(",")) if own else {_name(requirement)}
    return names


def pick(pins: Iterable[Pin], names: Collection[str]) -> list[Pin]:
    """The pins of these packages and of all that they need, in the order of the lock.

    Raises:
        SystemExit: the lock lacks a package.
    """
    pins = list(pins)
    if missing := sorted(set(names) - {pin.name for pin in pins}):
        raise SystemExit(f"pick_requirements: the lock lacks {', '.join(missing)}; write it anew by `make lock`")
    wanted, grows = set(names), True
    while grows:
        needed = {pin.name for pin in pins if pin.parents & wanted}
        grows = not needed <= wanted
        wanted |= needed
    return [pin for pin in pins if pin.name in wanted]


def main() -> None:
    """Write what was asked for to standard output."""
    parser = argparse.ArgumentParser(description="The part of a lock that some extras need.")
    parser.add_argument("lock", type=Path, help="a lock that holds everything, e.g. requirements-all.lock")
    parser.add_argument("--extras", default="", help="e.g. langfuse,postgres; empty: what Assay itself needs")
    parser.add_argument("--package", action="append", help="these packages of the lock, and nothing of Assay's")
    given = parser.parse_args()
    extras = [extra.strip() for extra in given.extras.split(",") if extra.strip()]
    project = tomllib.loads(PROJECT.read_text())["project"]
    names = set(map(_canonical, given.package)) if given.package else names_asked_for(project, extras)
    for pin in pick(read_lock(given.lock.read_text()), names):
        sys.stdout.write("\n".join(pin.lines) + "\n")


if __name__ == "__main__":
    main()
