"""All files that `assay alerts render` writes."""

from __future__ import annotations

from collections.abc import Mapping

from assay.worker.alerts.rendering.alertmanager import alertmanager_file
from assay.worker.alerts.rendering.rule_file import rule_groups
from assay.worker.alerts.rendering.rule_tests import rule_tests
from assay.worker.alerts.rendering.scraping import scrape_file
from assay.worker.alerts.rendering.yaml_text import yaml_text
from assay.worker.config.deployment import Deployment

RULES = "assay-alerts.yml"
TESTS = "assay-alerts.test.yml"
PROMETHEUS = "prometheus.yml"
ALERTMANAGER = "alertmanager.yml"

_HEAD = "Written by `assay alerts render` from assay.yaml: change it there, and render again."

OURS = "# Written by `assay alerts render`"
"""How a file begins that may be written over. Others somebody wrote."""


def prometheus_files(deployment: Deployment) -> Mapping[str, str]:
    """Texts by file name, for Prometheus.

    Raises:
        ConfigurationError: `alerts:` names a rule that does not exist.
    """
    return {**rule_files(deployment), **beginning_files()}


def rule_files(deployment: Deployment) -> Mapping[str, str]:
    """Texts by file name: the rules and their tests.

    Raises:
        ConfigurationError: as `prometheus_files`.
    """
    return {
        RULES: yaml_text(rule_groups(deployment), head=f"{_HEAD}\nCheck: promtool check rules {RULES}"),
        TESTS: yaml_text(rule_tests(deployment, RULES), head=f"{_HEAD}\nRun: promtool test rules {TESTS}"),
    }


def beginning_files() -> Mapping[str, str]:
    """Texts by file name of what is a beginning, and the operator's own from then on."""
    head = "A beginning, for docker-compose.yml, and yours from here on: it is not written over. Check: promtool check"
    return {PROMETHEUS: yaml_text(scrape_file(RULES), head=f"{head} config {PROMETHEUS}")}


def alertmanager_files(deployment: Deployment) -> Mapping[str, str]:
    """Texts by file name, for Alertmanager.

    Raises:
        ConfigurationError: as `prometheus_files`.
    """
    head = f"{_HEAD}\nKeys are read from the files it names. Check: amtool check-config {ALERTMANAGER}"
    return {ALERTMANAGER: yaml_text(alertmanager_file(deployment), head=head)}
