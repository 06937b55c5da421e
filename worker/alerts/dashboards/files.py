"""All files that `assay alerts dashboards` writes."""

from __future__ import annotations

from collections.abc import Mapping

from assay.worker.alerts.dashboards.classic import dashboard_text
from assay.worker.alerts.dashboards.common import EXAMPLE_TRACES, Given
from assay.worker.alerts.dashboards.costs import cost_dashboard
from assay.worker.alerts.dashboards.fleets import fleet_dashboard
from assay.worker.alerts.dashboards.golden import golden_dashboard
from assay.worker.alerts.dashboards.panel import Dashboard
from assay.worker.alerts.dashboards.provisioning import dashboards_provider, prometheus_source
from assay.worker.alerts.dashboards.quality import quality_dashboard
from assay.worker.alerts.rendering.yaml_text import yaml_text
from assay.worker.config.deployment import Deployment

FOLDER = "dashboards"
"""Of the JSON files, below the folder that is written."""


def dashboards(given: Given) -> tuple[Dashboard, ...]:
    """Every dashboard of a deployment."""
    return quality_dashboard(given), fleet_dashboard(given), cost_dashboard(given), golden_dashboard(given)


def grafana_files(deployment: Deployment, traces_url: str = EXAMPLE_TRACES) -> Mapping[str, str]:
    """Texts by file name.

    Args:
        deployment: what is aimed at, and from where on alerts are due.
        traces_url: where people see traces.
    """
    head = "Written by `assay alerts dashboards`. Grafana reads it at its start."
    return {
        **{f"{FOLDER}/{each.uid}.json": dashboard_text(each) for each in dashboards(Given(deployment, traces_url))},
        "provisioning/dashboards/assay.yml": yaml_text(dashboards_provider(), head=head),
        "provisioning/datasources/assay.yml": yaml_text(prometheus_source(), head=head),
    }
