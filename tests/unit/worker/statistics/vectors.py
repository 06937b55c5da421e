"""Published numbers that the statistics must reproduce (`tests/vectors/statistics.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[3] / "vectors" / "statistics.json"


def vectors(prefix: str) -> list[dict[str, Any]]:
    """All vectors whose id starts so; at least one."""
    found = [case for case in json.loads(_FILE.read_text(encoding="utf-8")) if case["id"].startswith(prefix)]
    assert found, prefix
    return found


def vector(name: str) -> dict[str, Any]:
    """The vector with this id."""
    (found,) = (case for case in vectors(name) if case["id"] == name)
    return found
