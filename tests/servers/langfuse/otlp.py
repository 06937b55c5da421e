"""POST /otel/v1/traces as OTLP/JSON or protobuf: how traces arrive."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Refused, Reply
from tests.servers.langfuse.otlp_attributes import columns_of
from tests.servers.langfuse.otlp_protobuf import decode

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project


def export(project: Project, call: Call) -> Reply:
    """Spans, all of them or, where one is malformed, none; a JSON body that says nothing is fine, too.

    Protobuf, which the SDK sends, was not recorded.
    """
    try:
        body = decode(call.raw) if "protobuf" in call.headers.get("content-type", "") else json.loads(call.raw)
        found = [columns_of(*span) for span in _spans(body)]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Refused(Reply(400, {"error": "Failed to parse OTel JSON Trace"})) from None
    if not isinstance(body, dict) or "resourceSpans" not in body:
        return Reply(200, {})
    now = clock.millis(project.clock.now())
    older = call.headers.get("x-langfuse-ingestion-version", "") < "4"
    lag = round(project.settings.span_lag_s * 1000)
    for columns in found:
        project.add_observation(visible=now + lag, older=older, **columns)
    return Reply(200, _job(project, now))


def _spans(body: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    for resource_spans in body.get("resourceSpans", []):
        resource = resource_spans.get("resource", {})
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                yield resource, scope_spans.get("scope", {}), span


def _job(project: Project, now: int) -> dict[str, Any]:
    """The queue's job object, which the server echoes whole."""
    settings, moment = project.settings, clock.iso(now)
    key = f"events/otel/{settings.project_id}/{moment[:16].replace('-', '/').replace('T', '/').replace(':', '/')}"
    scope = {"projectId": settings.project_id, "accessLevel": "project", "orgId": settings.organization[0]}
    return {
        "name": "otel-ingestion-job",
        "data": {
            "id": str(uuid.uuid4()),
            "timestamp": moment,
            "name": "otel-ingestion-job",
            "payload": {
                "data": {"fileKey": f"{key}/{uuid.uuid4()}.json", "publicKey": settings.public_key},
                "authCheck": {"validKey": True, "scope": scope},
                "sdkName": "unknown",
                "sdkVersion": "unknown",
                "ingestionVersion": "",
            },
        },
        "opts": {
            "attempts": 6,
            "removeOnComplete": True,
            "removeOnFail": 100_000,
            "backoff": {"type": "exponential", "delay": 5000},
        },
        "id": str(project.next_number()),
        "progress": 0,
        "returnvalue": None,
        "stacktrace": None,
        "priority": 0,
        "attemptsStarted": 0,
        "attemptsMade": 0,
        "stalledCounter": 0,
        "timestamp": now,
        "queueQualifiedName": "bull:otel-ingestion-queue",
    }
