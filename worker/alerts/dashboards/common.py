"""What several dashboards have: variables, marks, the panel of what fires."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assay.worker.alerts.dashboards.aims import Aims
from assay.worker.alerts.dashboards.panel import (
    Address,
    Choice,
    Color,
    Column,
    Lookup,
    Mark,
    Panel,
    Query,
    Step,
    Variable,
)
from assay.worker.alerts.dashboards.queries import CASE, label_values, latest
from assay.worker.alerts.rules.names import RULE_NAMES
from assay.worker.config.alert_thresholds import AlertThresholds
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import process, quality
from assay.worker.records.metrics.metric import Metric

WINDOWS = ("24h", "15m", "7d", "30d")
"""Windows of rates, that which is shown at first before the others."""

COST_WINDOWS = ("24h", "7d", "30d")
"""Windows that costs are told over."""

EXAMPLE_TRACES = "https://traces.example.org"
EXAMPLE_RUNBOOK = "https://docs.example.org/runbook.md"
"""Until somebody says where these are, above the panels or when they are rendered."""

_BEFORE = "10m"
"""What was not there so long ago is new."""

_TOLD = ("severity", "alertname", "use_case", "golden_set", "owner")
"""Labels that tell alerts apart here; Alertmanager has them all."""

EVERYBODY = "everybody"


class Given(NamedTuple):
    """What dashboards are made from.

    Attributes:
        deployment: what is aimed at, and from where on alerts are due.
        traces_url: where people see traces.
    """

    deployment: Deployment
    traces_url: str = EXAMPLE_TRACES

    @property
    def thresholds(self) -> AlertThresholds:
        """From where on alerts are due."""
        return self.deployment.alerts.thresholds

    @property
    def aims(self) -> Aims:
        """What is aimed at."""
        return Aims(self.deployment)


def addresses(given: Given) -> tuple[Variable, ...]:
    """Where links lead."""
    return (
        Address("trace_store", "Trace store", given.traces_url),
        Address("runbook", "Runbook", given.deployment.alerts.runbook_url or EXAMPLE_RUNBOOK),
    )


def use_case_variables(given: Given, metric: Metric) -> tuple[Variable, ...]:
    """The use case, and whose: by owner where use cases have one."""
    by_owner: dict[str, list[str]] = {}
    for case in given.deployment.use_cases:
        if case.owner:
            by_owner.setdefault(case.owner, []).append(case.name)
    if not by_owner:
        return (Lookup("use_case", "Use case", label_values(metric, "use_case")),)
    options = [(EVERYBODY, ".*"), *((owner, "|".join(map(re.escape, names))) for owner, names in by_owner.items())]
    known = label_values(metric, "use_case", {"use_case": "~${owner:raw}"})
    return Choice("owner", "Owner", tuple(options)), Lookup("use_case", "Use case", known)


def window_variable(names: Iterable[str] = WINDOWS) -> Choice:
    """Over how much traffic is told."""
    return Choice("window", "Window", tuple((name, name) for name in names))


def line(value: float, color: Color = "red") -> tuple[Step, ...]:
    """From this value on something is due."""
    return Step(None, "green"), Step(value, color)


def below(value: float, color: Color = "red") -> tuple[Step, ...]:
    """Below this value something is due."""
    return Step(None, color), Step(value, "green")


def marks(*, of_use_case: bool) -> tuple[Mark, ...]:
    """When something about the application or its judging changed."""
    version = _new(process.BUILD, ("version",), {})
    deployed = Mark("Assay deployed", version, "Assay {{version}}", "green")
    if not of_use_case:
        return (deployed,)
    day = {**CASE, "window": "24h"}
    prompt = ("prompt_name", "prompt_version")
    return (
        deployed,
        Mark(
            "Rubric or judge changed",
            _new(quality.JUDGED, ("rubric", "revision"), day),
            "{{rubric}}: evaluator {{revision}}",
            "orange",
        ),
        Mark("New model", _new(quality.MODEL_SERVED, ("model",), day), "Model {{model}}", "yellow"),
        Mark(
            "New prompt version",
            _new(quality.REQUEST_TOKENS, prompt, day),
            "Prompt {{prompt_name}} {{prompt_version}}",
            "yellow",
        ),
    )


def _new(metric: Metric, by: Iterable[str], where: Mapping[str, str]) -> str:
    """What is there now and was not a moment ago, though something of the metric was."""
    labels = tuple(by)
    then = latest(metric, labels, where, before=_BEFORE)
    return f"{latest(metric, labels, where)}\nunless {then}\nand on () {latest(metric, (), where, before=_BEFORE)}"


def firing_panel(*, width: int = 24, height: int = 6) -> Panel:
    """What fires, as Prometheus has it."""
    ours = "|".join(sorted({_stem(name) for name in RULE_NAMES}))
    fires = f'ALERTS{{alertstate="firing",alertname=~"{ours}"}}'
    return Panel(
        title="Firing alerts",
        queries=(Query(f"count by ({', '.join(_TOLD)}) ({fires})", "alerts", is_rare=True),),
        unit="short",
        description="By the rules that `assay alerts render` writes. `assay alerts now` shows the same without "
        "Prometheus.",
        kind="table",
        width=width,
        height=height,
        columns=(Column("alertname", url="${runbook:raw}"),),
        order=_TOLD,
    )


def _stem(name: str) -> str:
    """`Assay.*` of `AssayBeatDead`; a name without that beginning as it is."""
    return "Assay.*" if name.startswith("Assay") else name


def more(command: str) -> str:
    """The end of a description: the command that shows what stands behind a panel."""
    return f" More: `assay {command}`."


FLAGGED = more("flagged --use-case $use_case --rubric $rubric --since 24h")
