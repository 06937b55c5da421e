"""The recorded exchanges with a real server."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "langfuse-4.16"
_place = [RECORDINGS]
Exchange = dict[str, Any]
Values = dict[str, Any]
# Texts the SDK itself puts beside a trace's metadata are never quoted.
UNQUOTED = ("scope.", "resourceAttributes.", "attributes.")


def read_from(directory: Path) -> None:
    """Use other recordings from now on: a test that changes every id and date proves that no answer is canned."""
    _place[0] = directory
    recorded.cache_clear()
    recorded_traces.cache_clear()


@functools.cache
def recorded(group: str) -> list[Exchange]:
    """The exchanges of one file, in the file's order."""
    found: list[Exchange] = json.loads((_place[0] / f"{group}.json").read_text(encoding="utf-8"))["exchanges"]
    return found


@functools.cache
def recorded_traces(mode: str = "events_only") -> list[Values]:
    """What is known of each seeded trace: key, trace id, roots, who sent it, its answer's label."""
    found: list[Values] = json.loads((_place[0] / "traces.json").read_text(encoding="utf-8"))[mode]
    return found


def groups() -> list[str]:
    """The names of the files that hold exchanges."""
    return sorted(path.stem for path in _place[0].glob("*.json") if path.stem != "traces")


def exchange(exchange_id: str) -> Exchange:
    """One exchange by its id."""
    return next(one for one in recorded(_group_of(exchange_id)) if one["id"] == exchange_id)


def answered(exchange_id: str) -> Any:
    """The rows, or the whole body, that an exchange answered with."""
    body = exchange(exchange_id)["response"]["body"]
    return body["data"] if isinstance(body, dict) and "data" in body else body


def raw_metadata(shown: Values) -> dict[str, str]:
    """The stored texts behind shown metadata: SDK 5 quotes its strings, everybody else does not."""
    quotes = str(shown.get("scope.version", "")).startswith("5.") and shown.get("scope.name") == "langfuse-sdk"

    def raw(key: str, value: Any) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        cut = len(value) >= 200
        return json.dumps(value) if quotes and not cut and not key.startswith(UNQUOTED) else value

    return {key: raw(key, value) for key, value in shown.items()}


def in_order(names: Iterable[str]) -> list[Exchange]:
    """The exchanges of some files in the order in which they were sent."""
    return sorted((one for name in names for one in recorded(name)), key=lambda one: str(one["at"]))


def _group_of(exchange_id: str) -> str:
    return max((name for name in groups() if exchange_id.startswith(f"{name}.")), key=len)
