"""How a schema is stated in words, for endpoints that are not held to it by a field of the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def schema_request(json_schema: Mapping[str, Any]) -> str:
    """What is said of the reply's shape. The same for all calls of a judge, so that it can stand in a cached prefix."""
    text = json.dumps(json_schema, separators=(",", ":"))
    return f"Reply with one JSON object that fits this JSON schema, and nothing else:\n{text}"
