"""`POST /api/3.0/mlflow/traces/search`: filters on time and state, pages of at most 500, offsets as tokens."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.servers.mlflow.answers import wrong
from tests.servers.mlflow.tables import Tables, start_millis

_TERM = re.compile(r"(timestamp_ms|status)\s*(>=|<|!=|=)\s*'?(\w+)'?")
"""One term of a filter: `timestamp_ms >= 1796029443733`."""
_MOST = 500


def search(tables: Tables, body: dict[str, Any]) -> dict[str, Any]:
    """A page of traces, without their spans."""
    most = int(body.get("max_results", 100))
    if most > _MOST:
        raise wrong(f"Invalid value {most} for parameter 'max_results' supplied")
    if body.get("order_by") != ["timestamp_ms ASC", "request_id ASC"]:
        raise wrong(f"no order of the store's: {body.get('order_by')}")
    experiments = {place["mlflow_experiment"]["experiment_id"] for place in body["locations"]}
    terms = [_term(text) for text in filter(None, body.get("filter", "").split(" AND "))]
    matching = sorted(
        (start_millis(info), trace_id)
        for trace_id, info in tables.infos.items()
        if info["trace_location"]["mlflow_experiment"]["experiment_id"] in experiments
        and all(_holds(term, info) for term in terms)
    )
    offset = _offset(body.get("page_token"))
    page = [tables.whole_info(trace_id) for _, trace_id in matching[offset : offset + most]]
    if not page:
        return {}
    more = {"next_page_token": _token(offset + most)} if len(page) == most else {}
    return {"traces": page, **more}


def _term(text: str) -> tuple[str, str, str]:
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise wrong(f"Invalid clause(s) in filter string: {text}")
    return match[1], match[2], match[3]


def _holds(term: tuple[str, str, str], info: dict[str, Any]) -> bool:
    key, sign, value = term
    if key == "status":
        return (info["state"] == value) is (sign == "=")
    start = start_millis(info)
    return start >= int(value) if sign == ">=" else start < int(value)


def _token(offset: int) -> str:
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def _offset(token: str | None) -> int:
    return int(json.loads(base64.b64decode(token))["offset"]) if token else 0
