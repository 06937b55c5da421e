"""POST and DELETE /scores, and POST /ingestion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues, older_events
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Issue, Refused, Reply
from tests.servers.langfuse.score_checks import check_id, score_issues

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

TAKEN_EVENTS = ("score-create", "sdk-log")
NOT_ACCEPTED = (
    "is not accepted by /api/public/ingestion when LANGFUSE_MIGRATION_V4_WRITE_MODE is events_only. This endpoint only "
    "accepts score and log events. Upgrade the client or integration to a v4-compatible SDK or OTLP ingestion path. As "
    "a temporary migration bridge, set LANGFUSE_MIGRATION_V4_WRITE_MODE=dual on both the web and worker services and "
    "redeploy. Docs: https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4"
)


def post_score(project: Project, call: Call) -> Reply:
    """One score, or a list where the server is new enough; the answer says taken, not stored."""
    body = call.json()
    if isinstance(body, list) and project.settings.score_body == "list":
        return _post_list(project, body)
    issues.check(score_issues(body))
    check_id(body)
    return Reply(200, {"id": _queue(project, body)})


def _post_list(project: Project, bodies: list[Any]) -> Reply:
    errors = []
    for body in bodies:
        wrong = score_issues(body)
        if wrong:
            # The errors name neither an id nor a place in the list, and so cannot be told apart.
            errors.append({"message": wrong[0]["message"]})
        else:
            _queue(project, body)
    if not errors:
        return Reply(202, {"message": "Accepted"})
    counts = {"accepted": len(bodies) - len(errors), "rejected": len(errors)}
    return Reply(207, {**counts, "errors": errors})


def _queue(project: Project, body: dict[str, Any], *, event_id: str | None = None, timestamp: int | None = None) -> str:
    now = clock.millis(project.clock.now())
    score_id = body.get("id") or project.ids.new()
    if not project.faults.drops_score():
        due = now + round(project.settings.score_lag_s * 1000)
        stamp = now if timestamp is None else timestamp
        event = event_id or f"{score_id}-{project.next_number()}"
        project.scores.post(event, {**body, "id": score_id}, timestamp=stamp, now=now, due=due)
    return score_id


def delete_score(project: Project, call: Call) -> Reply:
    """Taken for any id, known or not."""
    lag = round(project.settings.delete_lag_s * 1000)
    project.scores.delete(call.args[0], due=clock.millis(project.clock.now()) + lag)
    return Reply(202, {"message": "Score deletion queued successfully"})


def ingest(project: Project, call: Call) -> Reply:
    """A batch of events, each with its own fate."""
    body = call.fields()
    batch = body.get("batch", issues.MISSING)
    if not isinstance(batch, list):
        message = issues.wrong_type("array", batch, [])["message"]
        raise Refused(Reply(400, {"message": "Invalid request data", "errors": [message]}))
    taken, refused = [], []
    for event in batch:
        error = _ingest_one(project, event)
        event_id = event.get("id") if isinstance(event, dict) else None
        if error is None:
            taken.append({"id": event_id, "status": 201})
        else:
            refused.append({"id": event_id, "status": 400, **error})
    return Reply(207, {"successes": taken, "errors": refused})


def _ingest_one(project: Project, event: Any) -> dict[str, str] | None:
    events_only = project.settings.generation == "v4"
    kind = event.get("type") if isinstance(event, dict) else None
    if events_only and kind not in TAKEN_EVENTS:
        return {"message": "Event type not accepted", "error": f'Event type "{kind}" {NOT_ACCEPTED}'}
    wrong = _envelope_issues(event)
    if wrong:
        return _refusal(wrong)
    if event["type"] in older_events.TYPES:
        return _refusal(older_events.take(project, event))
    if event["type"] == "score-create":
        wrong = [{**one, "path": ["body", *one["path"]]} for one in score_issues(event["body"])]
        if wrong:
            return _refusal(wrong)
        _queue(project, event["body"], event_id=event["id"], timestamp=clock.parse(event["timestamp"]))
    return None


def _envelope_issues(event: Any) -> list[Issue]:
    if not isinstance(event, dict):
        return [issues.wrong_type("object", event, [])]
    if event.get("type") not in {*older_events.TYPES, *TAKEN_EVENTS}:
        return [issues.no_discriminator("type")]
    found = issues.string(event.get("id", issues.MISSING), ["id"])
    return found + issues.datetime_text(event.get("timestamp", issues.MISSING), ["timestamp"])


def _refusal(wrong: list[Issue]) -> dict[str, str] | None:
    return {"message": "Invalid request data", "error": json.dumps(wrong, indent=2)} if wrong else None
