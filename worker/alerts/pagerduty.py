"""PagerDuty, by its Events API v2: one incident an alert, opened and closed by the same key."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue, SecretStr

from assay.worker.alerts.notice import Notice
from assay.worker.alerts.rule import Severity
from assay.worker.alerts.wording import cut
from assay.worker.ports.posting import TIMEOUT_S, Answer, address_digest, post

LONGEST_SUMMARY = 1024
LONGEST_KEY = 255
_LONGEST_TEXT = 4_000
"""Characters of a description or a detail. With at most some dozen of them an event stays far below 512 KB."""

_PATH = "/v2/enqueue"

_KEY_UNKNOWN = re.compile(r"routing[ _]key|invalid key", re.IGNORECASE)
"""What its answer 400 says where not the event is wrong but the key.

E.g. `{"status":"invalid key","errors":["Invalid routing key"]}`, `Length of 'routing_key' is incorrect`.
"""

_SEVERITIES: dict[Severity, str] = {"page": "critical", "ticket": "error", "info": "info"}

_LINK_WORDS = {"runbook": "Runbook", "dashboard": "Dashboard", "traces": "Worst traces"}


@dataclass(frozen=True)
class PagerDuty:
    """A service's integration.

    Attributes:
        routing_key: its integration key.
        url: of the region, e.g. `https://events.eu.pagerduty.com`, with or without the path of events.
        source: what events say they come from. It is part of their keys: two deployments may share a service.
    """

    routing_key: SecretStr
    url: str
    source: str
    severities: Sequence[Severity] = ("page",)
    timeout_s: float = TIMEOUT_S
    name: str = "pagerduty"
    most: int = 1
    wants_repeats: bool = False

    @property
    def address(self) -> str:
        """A digest of the key and the region."""
        return address_digest(self.routing_key, self.url)

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Open or close the incident of one alert. Sent twice it is the same incident."""
        (notice,) = notices
        where = SecretStr(self.url.rstrip("/").removesuffix(_PATH) + _PATH)
        return await post(where, self.event(notice), timeout_s=self.timeout_s, refusal=_KEY_UNKNOWN)

    def event(self, notice: Notice) -> dict[str, JsonValue]:
        """The event as it is posted."""
        common: dict[str, JsonValue] = {
            "routing_key": self.routing_key.get_secret_value(),
            "dedup_key": dedup_key(self.source, notice.state.key),
        }
        if notice.status == "resolved":
            return {**common, "event_action": "resolve"}
        return {
            **common,
            "event_action": "trigger",
            "client": "Assay",
            "payload": self._payload(notice),
            "links": [{"href": href, "text": _LINK_WORDS.get(name, name)} for name, href in notice.state.links.items()],
        }

    def _payload(self, notice: Notice) -> dict[str, JsonValue]:
        state = notice.state
        details: dict[str, JsonValue] = {
            "description": cut(state.description, _LONGEST_TEXT),
            **{name: cut(text, _LONGEST_TEXT) for name, text in (*state.labels.items(), *state.details.items())},
            "since": notice.times.removeprefix("since "),
        }
        return {
            "summary": cut(notice.head, LONGEST_SUMMARY),
            "source": self.source,
            "severity": _SEVERITIES[state.severity],
            "timestamp": datetime.fromtimestamp(state.since, UTC).isoformat(),
            "component": state.use_case or "fleet",
            "group": state.labels.get("owner", self.source),
            "class": state.rule,
            "custom_details": details,
        }


def dedup_key(source: str, key: str) -> str:
    """What an incident is known by: `assay/AssayNoScores/use_case=support-bot`, shortened by a digest."""
    whole = f"{source}/{key}"
    if len(whole) <= LONGEST_KEY:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return f"{whole[: LONGEST_KEY - 17]}#{digest}"
