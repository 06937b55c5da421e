"""Grafana's own files: where the dashboards lie, and where Prometheus is."""

from __future__ import annotations

from typing import Any

PLACE = "/etc/grafana/assay-dashboards"
"""Where docker-compose.yml mounts the dashboards. Elsewhere: the folder's path."""

PROMETHEUS_URL = "http://prometheus:9090"
"""By its name in docker-compose.yml."""

SCRAPE_INTERVAL = "15s"
"""As Prometheus scrapes: `$__rate_interval` is four of them."""


def dashboards_provider() -> dict[str, Any]:
    """Where Grafana finds the dashboards. What people change there is lost: copy one to change it."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "assay",
                "folder": "Assay",
                "type": "file",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": PLACE},
            }
        ],
    }


def prometheus_source() -> dict[str, Any]:
    """A data source. One that is there already does as well: dashboards ask which to take."""
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": "assay-prometheus",
                "type": "prometheus",
                "access": "proxy",
                "url": PROMETHEUS_URL,
                "isDefault": True,
                "jsonData": {"timeInterval": SCRAPE_INTERVAL, "httpMethod": "POST"},
            }
        ],
    }
