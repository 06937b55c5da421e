"""A real Prometheus and a real Alertmanager on free ports, with what `assay alerts render` makes of a deployment.

Intervals are shortened, addresses are those of the test, and nothing else is changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
import yaml

from assay.worker.alerts.rendering.files import (
    ALERTMANAGER,
    PROMETHEUS,
    RULES,
    alertmanager_files,
    prometheus_files,
)
from assay.worker.config.deployment import Deployment
from tests.scraping import asked
from tests.waiting import PATIENCE_S, until

INTERVAL = "1s"
"""Between two scrapes, and two evaluations."""

PROGRAMS = ("prometheus", "prometheus-alertmanager")


@dataclass
class Receivers:
    """Where Alertmanager sends: addresses, and the key that it has in a file."""

    pagerduty_url: str
    pagerduty_key: str
    slack_url: str


@dataclass
class Monitoring:
    """Both, running."""

    prometheus: str
    alertmanager: str
    folder: Path

    def value(self, query: str) -> list[Any]:
        """What Prometheus answers."""
        reply = asked(f"{self.prometheus}/api/v1/query?query={quote(query)}")
        return list(reply.data["data"]["result"]) if reply.status == 200 else []

    def firing(self) -> set[str]:
        """Names of the rules that fire."""
        return {each["metric"]["alertname"] for each in self.value('ALERTS{alertstate="firing"}')}

    def post(self, *alerts: Mapping[str, str]) -> None:
        """Tell Alertmanager of alerts as Prometheus would: their labels."""
        sent = [{"labels": labels, "annotations": {"summary": f"{labels['alertname']} fires"}} for labels in alerts]
        body = json.dumps(sent).encode()
        address = f"{self.alertmanager}/api/v2/alerts"
        with urlopen(Request(address, body, {"content-type": "application/json"}), timeout=PATIENCE_S) as reply:
            assert reply.status == 200

    def rules(self) -> list[Any]:
        """Every rule, with how its last evaluation went."""
        groups = asked(f"{self.prometheus}/api/v1/rules").data["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def logs(self) -> str:
        """The ends of both logs."""
        return "\n".join(file.read_text()[-2000:] for file in sorted(self.folder.glob("*.log")))


@contextmanager
def monitoring(
    folder: Path, deployment: Deployment, targets: Mapping[str, int], receivers: Receivers, *, port: int
) -> Iterator[Monitoring]:
    """Start both. The test is skipped where they are not installed.

    Args:
        folder: for files and data.
        deployment: whose rules and routes.
        targets: ports of the processes that are scraped.
        receivers: where alerts are to end.
        port: of Prometheus; Alertmanager has the next.
    """
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder.mkdir()
    _write_files(folder, deployment, targets, receivers, alertmanager=port + 1)
    started = [
        _started(
            folder,
            "prometheus",
            f"--config.file={PROMETHEUS}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
        ),
        _started(
            folder,
            "prometheus-alertmanager",
            f"--config.file={ALERTMANAGER}",
            f"--web.listen-address=127.0.0.1:{port + 1}",
            f"--storage.path={folder / 'notified'}",
            "--cluster.listen-address=",
        ),
    ]
    running = Monitoring(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", folder)
    try:
        until(lambda: _is_ready(running.prometheus) and _is_ready(running.alertmanager), told=running.logs, every_s=0.1)
        yield running
    finally:
        for process in started:
            process.kill()
            process.wait()


@contextmanager
def scraping(folder: Path, deployment: Deployment, targets: Mapping[str, int], *, port: int) -> Iterator[Monitoring]:
    """Start Prometheus alone, with the deployment's rules."""
    folder.mkdir()
    files = prometheus_files(deployment)
    rules, config = yaml.safe_load(files[RULES]), yaml.safe_load(files[PROMETHEUS])
    _scrape(config, targets, alertmanager=1)
    del config["alerting"]
    (folder / RULES).write_text(yaml.safe_dump(rules))
    (folder / PROMETHEUS).write_text(yaml.safe_dump(config))
    address = f"--web.listen-address=127.0.0.1:{port}"
    process = _started(
        folder, "prometheus", f"--config.file={PROMETHEUS}", address, f"--storage.tsdb.path={folder / 'tsdb'}"
    )
    running = Monitoring(f"http://127.0.0.1:{port}", "", folder)
    try:
        until(lambda: _is_ready(running.prometheus), told=running.logs, every_s=0.1)
        yield running
    finally:
        process.kill()
        process.wait()


def _started(folder: Path, program: str, *options: str) -> subprocess.Popen[bytes]:
    with (folder / f"{program}.log").open("wb") as log:
        return subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=log)


def _is_ready(address: str) -> bool:
    with suppress(OSError):
        return asked(f"{address}/-/ready").status == 200
    return False


def _write_files(
    folder: Path, deployment: Deployment, targets: Mapping[str, int], receivers: Receivers, *, alertmanager: int
) -> None:
    files = {**prometheus_files(deployment), **alertmanager_files(deployment)}
    parsed = {name: yaml.safe_load(files[name]) for name in (RULES, PROMETHEUS, ALERTMANAGER)}
    _let_go_soon(parsed[RULES])
    _scrape(parsed[PROMETHEUS], targets, alertmanager)
    _receive(parsed[ALERTMANAGER], receivers, folder)
    for name, value in parsed.items():
        (folder / name).write_text(yaml.safe_dump(value, sort_keys=False))


def _let_go_soon(rules: dict[str, Any]) -> None:
    """Rules go on firing for a moment only. How long they hold before they fire is as rendered."""
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "keep_firing_for" in rule:
                rule["keep_firing_for"] = "2s"


def _scrape(config: dict[str, Any], targets: Mapping[str, int], alertmanager: int) -> None:
    config["global"] = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
    job, _others = config["scrape_configs"]
    config["scrape_configs"] = [job]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in targets.values()]}]


def _receive(config: dict[str, Any], receivers: Receivers, folder: Path) -> None:
    for route in (config["route"], *config["route"]["routes"]):
        route.update({key: INTERVAL for key in ("group_wait", "group_interval") if key in route})
    config["route"]["group_interval"] = INTERVAL
    (folder / "key").write_text(receivers.pagerduty_key)
    (folder / "hook").write_text(receivers.slack_url)
    for receiver in config["receivers"]:
        for each in receiver.get("pagerduty_configs", ()):
            each.update({"url": receivers.pagerduty_url, "routing_key_file": str(folder / "key")})
        for each in receiver.get("slack_configs", ()):
            each["api_url_file"] = str(folder / "hook")


def attachment_text(messages: Sequence[Any]) -> str:
    """What Alertmanager's messages to Slack show."""
    return json.dumps([message["attachments"] for message in messages], ensure_ascii=False)
