"""What a dashboard shows, as values: queries, panels, rows. How Grafana writes them is in `classic`."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["timeseries", "stat", "table"]
Role = Literal["value", "lower", "upper", "limit"]
Color = Literal["green", "yellow", "orange", "red"]

LOWER, UPPER = "lower bound", "upper bound"
"""How the ends of an interval are called in a panel: the band between them is found by these names."""


class Query(NamedTuple):
    """One query of a panel.

    Attributes:
        expression: PromQL with Grafana's variables, e.g. `$use_case`.
        legend: what a series is called, with labels as `{{use_case}}`. In a table: the column of its values.
        role: `lower` and `upper` are drawn as a band, `limit` as a dashed line.
        is_rare: whether it has no series most of the time, as what fires.
    """

    expression: str
    legend: str
    role: Role = "value"
    is_rare: bool = False


class Step(NamedTuple):
    """From this value on a colour. None: from the lowest on."""

    value: float | None
    color: Color


class Column(NamedTuple):
    """A column of a table that is not shown as the others are.

    Attributes:
        name: its heading: a query's legend, or a label.
        unit: of its values.
        steps: colours of its values.
        url: where a click leads.
    """

    name: str
    unit: str = ""
    steps: tuple[Step, ...] = ()
    url: str = ""


class Panel(NamedTuple):
    """One panel.

    Attributes:
        title: what it shows.
        queries: what it asks. A table puts their values side by side.
        unit: as Grafana calls it, e.g. `percentunit`.
        description: one or two sentences, and the command that shows more.
        kind: how it is drawn.
        steps: colours by value; in a graph the lines of alerts.
        width, height: on a grid of 24 columns.
        least, most: ends of the axis where they are known, e.g. 0 and 1.
        runbook: heading of the runbook, e.g. `hallucination-spike`. Empty: none.
        links_traces: whether it is about single answers, so that it links the trace store.
        stacked: whether series add up.
        words: what a value is shown as, e.g. `{0: "closed"}`.
        columns: of a table.
        order: of a table's first columns.
    """

    title: str
    queries: tuple[Query, ...]
    unit: str
    description: str
    kind: Kind = "timeseries"
    steps: tuple[Step, ...] = ()
    width: int = 8
    height: int = 8
    least: float | None = None
    most: float | None = None
    runbook: str = ""
    links_traces: bool = False
    stacked: bool = False
    words: tuple[tuple[float, str, Color], ...] = ()
    columns: tuple[Column, ...] = ()
    order: tuple[str, ...] = ()


class Row(NamedTuple):
    """Panels below a heading."""

    title: str
    panels: tuple[Panel, ...]


class Choice(NamedTuple):
    """A variable whose values are written down.

    Attributes:
        name: e.g. `window`.
        label: above the list.
        options: what is shown, and what stands for it in queries; the first is chosen at first.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]


class Lookup(NamedTuple):
    """A variable whose values are those of a label.

    Attributes:
        name: e.g. `use_case`.
        label: above the list.
        expression: as Grafana asks Prometheus, e.g. `label_values(assay_judged_traces, use_case)`.
    """

    name: str
    label: str
    expression: str


class Address(NamedTuple):
    """A variable that a person writes: where something is."""

    name: str
    label: str
    url: str


Variable = Choice | Lookup | Address


class Mark(NamedTuple):
    """A moment that all panels show: what has series at it."""

    name: str
    expression: str
    title: str
    color: Color


class Dashboard(NamedTuple):
    """One dashboard.

    Attributes:
        uid: how links find it; it never changes.
        title: its name.
        description: what it answers.
        variables: above the panels, besides the data source.
        rows: from top to bottom.
        marks: moments on all panels.
        since: how far back it shows at first, e.g. `now-7d`.
    """

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    since: str = "now-7d"
