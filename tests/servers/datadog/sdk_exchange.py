"""Datadog's own SDK and API client against the server: do they get along, and what do they send?

Not part of `make test`. It needs an environment with `ddtrace`, `datadog-api-client` and `aiohttp`, and runs by

    PYTHONPATH=src python -m tests.servers.datadog.sdk_exchange

It writes what they sent to `sdk_exchange.json`, which a test of the store is held to.
"""

from __future__ import annotations

import json
import os
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.servers.datadog.server import EVENTS, DatadogServer

FILE = Path(__file__).with_suffix(".json")
APP, TRACE, ROOT = "sdk-bot", "6903738200000000af2d3775dfc70530", "14624140233640368324"


def main() -> None:
    """Evaluate a span by the SDK, find it by the SDK and by the client; then note what was sent."""
    with DatadogServer() as server:
        server._take_spans(_spans())
        _evaluate(server)
        (found,) = _searched(server)
        shown = found["evaluation"]["groundedness"]
        assert (shown["value"], shown["reasoning"], shown["eval_metric_type"]) == (0.25, "why", "score")
        (metric,) = server.evaluations
        (search,) = [request for request in server.requests(f"{EVENTS}/search") if request.method == "POST"]
    attributes = search.json["data"]["attributes"]
    kept = {
        "ddtrace": version("ddtrace"),
        "datadog-api-client": version("datadog-api-client"),
        "metric": sorted(key for key in metric if key != "id"),
        "search": {key: sorted(attributes[key]) if isinstance(attributes[key], dict) else "text" for key in attributes},
    }
    FILE.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"ddtrace {kept['ddtrace']} gets along with the server; {FILE.name} is written")


def _spans() -> dict[str, Any]:
    start = (time.time_ns() // 1_000_000) * 1_000_000 - 60_000_000_000
    meta = {"kind": "llm", "input": {"value": "hi"}, "output": {"value": "hello"}}
    span = {"name": "chat", "span_id": ROOT, "trace_id": TRACE, "parent_id": "undefined", "start_ns": start}
    spans = [{**span, "duration": 1e9, "meta": meta}]
    return {"data": {"type": "span", "attributes": {"ml_app": APP, "spans": spans}}}


def _evaluate(server: DatadogServer) -> None:
    os.environ |= {  # noqa: TID251  # the SDK reads it
        "DD_LLMOBS_OVERRIDE_ORIGIN": server.url,
        "DD_TRACE_ENABLED": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    }
    LLMObs: Any = import_module("ddtrace.llmobs").LLMObs  # noqa: N806  # its name

    keys = {"api_key": server.settings.api_key, "app_key": server.settings.app_key}
    LLMObs.enable(ml_app=APP, agentless_enabled=True, integrations_enabled=False, site="datadoghq.com", **keys)
    LLMObs.submit_evaluation(
        label="groundedness", metric_type="score", value=0.25, span={"span_id": ROOT, "trace_id": TRACE}, ml_app=APP,
        tags={"rubric": "grounding"}, reasoning="why", metadata={"rubric": "grounding"},
    )  # fmt: skip
    LLMObs.flush()
    deadline = time.monotonic() + 20
    while not server.evaluations and time.monotonic() < deadline:
        time.sleep(0.2)
    (found,) = LLMObs.get_spans(trace_id=TRACE, ml_app=APP, from_date="now-1h")
    assert found["span_id"] == ROOT
    LLMObs.disable()


def _searched(server: DatadogServer) -> list[dict[str, Any]]:
    api: Any = import_module("datadog_api_client")
    spans: Any = import_module("datadog_api_client.v2.api.agent_observability_api")
    model: Any = import_module("datadog_api_client.v2.model.llm_obs_search_spans_request")
    configuration = api.Configuration(host=server.url)
    configuration.api_key["apiKeyAuth"] = server.settings.api_key
    configuration.api_key["appKeyAuth"] = server.settings.app_key
    configuration.unstable_operations["search_llm_obs_spans"] = True
    body = {
        "data": {
            "type": "spans",
            "attributes": {
                "filter": {"_from": "now-1h", "to": "now", "query": f"@trace_id:{TRACE}"},
                "page": {"limit": 5},
                "options": {"include_attachments": True},
                "sort": "timestamp",
            },
        }
    }
    with api.ApiClient(configuration) as client:
        request = model.LLMObsSearchSpansRequest(**body)
        answer = spans.AgentObservabilityApi(client).search_llm_obs_spans(body=request)
    return [row["attributes"] for row in answer.to_dict()["data"]]


if __name__ == "__main__":
    main()
