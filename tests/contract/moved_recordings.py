"""The recordings with every id and every date changed, so that only a server that follows rules can answer them."""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

DAYS = 37
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
IDS = re.compile(rf"\b(?:{UUID}|[0-9a-f]{{32}}|[0-9a-f]{{16}}|cmwqq[0-9a-z]{{20}})\b")
DATES = re.compile(r"\b2026-11-(?:1[0-9]|2[0-9])(?=[T \"]|$)")
NANOS = re.compile(r"\b1795\d{15}\b")
Text = Callable[[str], str]


def write_moved(source: Path, target: Path) -> None:
    """Write changed copies of all recordings."""
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in source.glob("*.json")}
    names = _other_ids({one for found in files.values() for one in _ids_in(found)})

    def text(given: str) -> str:
        given = IDS.sub(lambda match: names[match.group()], given)
        given = NANOS.sub(lambda match: str(int(match.group()) + DAYS * 86_400 * 10**9), given)
        return DATES.sub(_later, given)

    for name, found in files.items():
        (target / name).write_text(json.dumps(_moved(found, text)), encoding="utf-8")


def _later(match: re.Match[str]) -> str:
    return f"{datetime.fromisoformat(match.group()) + timedelta(days=DAYS):%Y-%m-%d}"


def _other_ids(known: Iterable[str]) -> dict[str, str]:
    """Another id of the same form for each; their order stays, for ids decide between rows of one moment."""
    ordered = sorted(known)
    chosen = random.Random(0)  # a test's own ids
    shapes: dict[int, list[str]] = {}
    for one in ordered:
        shapes.setdefault(len(one), []).append(one)
    found = {}
    for length, ids in shapes.items():
        digits = sorted(f"{chosen.getrandbits(128):032x}" for _ in ids)
        for old, new in zip(ids, digits, strict=True):
            uuid = f"{new[:8]}-{new[8:12]}-{new[12:16]}-{new[16:20]}-{new[20:]}"
            found[old] = {36: uuid, 25: f"c{new[:24]}"}.get(length, new[:length])
    return found


def _ids_in(found: Any) -> set[str]:
    text = unquote(json.dumps(found)).replace("\\", "")
    return set(IDS.findall(text))


def _moved(found: Any, text: Text, key: str = "") -> Any:
    if isinstance(found, dict):
        return {text(name): _moved(value, text, name) for name, value in found.items()}
    if isinstance(found, list):
        if len(found) == 2 and found[0] == "cursor":
            return ["cursor", _cursor(str(found[1]), text)]
        return [_moved(one, text) for one in found]
    if not isinstance(found, str):
        return found
    if key == "url" and "..." not in found:
        return _url(found, text)
    return _cursor(found, text) if key == "cursor" else text(found)


def _url(url: str, text: Text) -> str:
    path, _, query = url.partition("?")
    moved = "/".join(quote(text(unquote(part)), safe="") for part in path.split("/"))
    if not query:
        return moved
    pairs = parse_qsl(query, keep_blank_values=True)
    changed = [(name, _cursor(value, text) if name == "cursor" else text(value)) for name, value in pairs]
    return f"{moved}?{urlencode(changed)}"


def _cursor(cursor: str, text: Text) -> str:
    """A cursor is base64 of JSON, with or without its padding."""
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        json.loads(place)
    except (ValueError, binascii.Error):
        return cursor
    moved = base64.urlsafe_b64encode(text(place).encode()).decode()
    return moved if len(cursor) % 4 == 0 else moved.rstrip("=")
