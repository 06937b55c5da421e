"""Prometheus' own file, as it fits docker-compose.yml."""

from __future__ import annotations

from typing import Any

from assay.worker.alerts.rendering.prometheus_only import JOB

PORT = 9464
"""Where processes of docker-compose.yml serve their metrics."""

SERVICES = ("control", "assess", "beat", "collector", "serve")
"""Names of the services there. One that does not run has no address, and so is no target."""

OTHERS = ("localhost:9090", "alertmanager:9093", "grafana:3000", "otel-collector:8888", "tempo:3200")
"""What else its profile `observability` starts, and where each tells of itself. The first is Prometheus itself."""

OTHERS_JOB = "observability"


def scrape_file(rule_file: str) -> dict[str, Any]:
    """What the file holds. All containers of a service are found by its name."""
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": [rule_file],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]},
        "scrape_configs": [
            {
                "job_name": JOB,
                "dns_sd_configs": [{"names": list(SERVICES), "type": "A", "port": PORT, "refresh_interval": "15s"}],
            },
            {"job_name": OTHERS_JOB, "static_configs": [{"targets": list(OTHERS)}]},
        ],
    }
