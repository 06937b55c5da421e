"""PagerDuty's Events API v2 as far as we use it: it checks events as PagerDuty does, and keeps incidents by key."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.told_server import Reply, ToldServer, too_long

ROUTING_KEY = "r" * 32
KEY_UNKNOWN = b'{"status":"invalid key","message":"Event object is invalid","errors":["Invalid routing key"]}'
_SEVERITIES = {"critical", "error", "warning", "info"}


class PagerDutyServer(ToldServer):
    """Attributes: `incidents` by key: `open` or `resolved`; `opened` and `closed`: how often each came to be so."""

    def __init__(self) -> None:
        super().__init__(check_event)

    @property
    def incidents(self) -> dict[str, str]:
        """How each incident stands, by its key."""
        return {event["dedup_key"]: _STATES[event["event_action"]] for event in self.taken}

    def times(self, key_part: str, action: str) -> int:
        """How often an incident changed: a trigger of one that is open changes nothing."""
        state, changes = "none", 0
        for event in self.taken:
            if key_part in event["dedup_key"]:
                changes += event["event_action"] == action and state != _STATES[action]
                state = _STATES[event["event_action"]]
        return changes


def check_event(path: str, event: Any) -> Reply:
    """What PagerDuty would say to an event."""
    if path != "/v2/enqueue":
        return Reply(404)
    if event.get("routing_key") != ROUTING_KEY:
        return Reply(400, words=KEY_UNKNOWN)
    is_known = event.get("event_action") in _STATES
    if not is_known or too_long([(event.get("dedup_key", ""), 255)]) or len(json.dumps(event)) > 512_000:
        return Reply(400)
    return Reply(202) if event["event_action"] == "resolve" or _is_payload(event) else Reply(400)


_STATES = {"trigger": "open", "resolve": "resolved"}


def _is_payload(event: Any) -> bool:
    payload = event.get("payload", {})
    links = event.get("links", [])
    return (
        not too_long([(payload.get("summary", ""), 1024), (payload.get("source", ""), 1024)])
        and payload.get("severity") in _SEVERITIES
        and all(link["href"].startswith("http") and link["text"] for link in links)
    )
