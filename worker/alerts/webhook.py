"""Any webhook, in the JSON that Alertmanager posts (version 4): what opens tickets from it opens them from this."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue, SecretStr

from assay.worker.alerts.notice import Notice
from assay.worker.alerts.rule import Severity
from assay.worker.ports.posting import TIMEOUT_S, Answer, address_digest, post

_NEVER = "0001-01-01T00:00:00Z"
"""How Alertmanager writes the end of what has not ended."""

_ANNOTATIONS = {"runbook": "runbook_url", "dashboard": "dashboard_url", "traces": "traces_url"}


@dataclass(frozen=True)
class Webhook:
    """An address that takes alerts."""

    url: SecretStr
    source: str
    severities: Sequence[Severity] = ("page", "ticket", "info")
    timeout_s: float = TIMEOUT_S
    name: str = "webhook"
    most: int = 20
    wants_repeats: bool = True

    @property
    def address(self) -> str:
        """A digest of the address."""
        return address_digest(self.url)

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Send one group of alerts."""
        return await post(self.url, self.group(notices), timeout_s=self.timeout_s)

    def group(self, notices: Sequence[Notice]) -> dict[str, JsonValue]:
        """The group as it is posted. It fires while any of it does."""
        labels = [self._labels(notice) for notice in notices]
        shared = {name: value for name, value in labels[0].items() if all(own.get(name) == value for own in labels)}
        is_firing = any(notice.status == "firing" for notice in notices)
        return {
            "version": "4",
            "groupKey": f'{{}}:{{source="{self.source}"}}',
            "truncatedAlerts": 0,
            "status": "firing" if is_firing else "resolved",
            "receiver": "webhook",
            "groupLabels": {"source": self.source},
            "commonLabels": {**shared},
            "commonAnnotations": {},
            "externalURL": notices[0].state.links.get("dashboard", ""),
            "alerts": [self._alert(notice, own) for notice, own in zip(notices, labels, strict=True)],
        }

    def _labels(self, notice: Notice) -> dict[str, str]:
        state = notice.state
        test = {"test": "true"} if notice.is_test else {}
        return {
            "alertname": state.rule,
            "severity": state.severity,
            "source": self.source,
            **dict(sorted(state.labels.items())),
            **test,
        }

    def _alert(self, notice: Notice, labels: dict[str, str]) -> dict[str, JsonValue]:
        state = notice.state
        ended = state.ended_at if notice.status == "resolved" else None
        annotations = {
            "summary": notice.head,
            "description": state.description,
            **state.details,
            **{_ANNOTATIONS.get(name, name): href for name, href in state.links.items()},
        }
        return {
            "status": notice.status,
            "labels": {**labels},
            "annotations": {**annotations},
            "startsAt": datetime.fromtimestamp(state.since, UTC).isoformat().replace("+00:00", "Z"),
            "endsAt": _NEVER
            if ended is None
            else datetime.fromtimestamp(ended, UTC).isoformat().replace("+00:00", "Z"),
            "generatorURL": state.links.get("dashboard", ""),
            "fingerprint": hashlib.sha256(f"{self.source}/{state.key}".encode()).hexdigest()[:16],
        }
