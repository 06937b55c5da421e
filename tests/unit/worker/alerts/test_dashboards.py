"""Dashboards: the committed files, Grafana's own model, and that everything they name exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from assay.worker.alerts.dashboards.common import Given
from assay.worker.alerts.dashboards.files import FOLDER, dashboards, grafana_files
from assay.worker.alerts.dashboards.queries import latest
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.records.metrics import process, quality
from assay.worker.records.metrics.table import METRICS

ROOT = Path(__file__).parents[4]
SCHEMA = ROOT / "tests/fixtures/grafana-13.2/classic-dashboard.schema.json"
SHIPPED = ConfigRoot(path=ROOT / "deploy/config").deployment()
TEAMS = Deployment.model_validate(
    {
        "use_cases": [
            {"name": "bot", "owner": "payments"},
            {"name": "search", "owner": "payments"},
            {"name": "voice", "owner": "phone, and : more", "match": {"environment": ["x"]}},
        ],
        "slos": {"profile": "rag", "use_cases": {"voice": {"profile": "voice"}}},
        "alerts": {
            "runbook_url": "https://wiki.example.org/runbook",
            "thresholds": {"spike_share": 0.31, "psi": 0.4, "token_jump": 3},
        },
    }
)

OF_DATA_SOURCE = {"expr", "target", "titleFormat", "step"}
"""Keys of an annotation that the model leaves to the data source."""


def boards(deployment: Deployment = SHIPPED) -> dict[str, dict[str, Any]]:
    files = grafana_files(deployment)
    return {name: json.loads(text) for name, text in files.items() if name.startswith(FOLDER)}


def panels(deployment: Deployment = SHIPPED) -> Iterator[dict[str, Any]]:
    for board in boards(deployment).values():
        yield from (panel for panel in board["panels"] if panel["type"] != "row")


def panel_called(title: str, deployment: Deployment) -> dict[str, Any]:
    return next(panel for panel in panels(deployment) if panel["title"] == title)


def complaints(value: Any, definition: str) -> list[str]:
    schema = json.loads(SCHEMA.read_text())
    validator = Draft7Validator({**schema, "$ref": f"#/definitions/{definition}"})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_the_committed_files_are_a_fresh_render() -> None:
    for name, text in grafana_files(SHIPPED).items():
        assert (ROOT / "deploy/grafana" / name).read_text() == text, f"{name}: run assay alerts dashboards"


@pytest.mark.parametrize("deployment", [SHIPPED, TEAMS], ids=["shipped", "teams"])
def test_dashboards_are_as_the_classic_model_says(deployment: Deployment) -> None:
    for name, board in boards(deployment).items():
        for mark in board["annotations"]["list"]:
            for key in OF_DATA_SOURCE:
                mark.pop(key, None)
        assert not complaints(board, "Dashboard"), name


def test_panels_are_as_their_plugins_say() -> None:
    options = {"timeseries": "TimeSeriesOptions", "stat": "StatOptions", "table": "TableOptions"}
    for panel in panels(TEAMS):
        assert not complaints(panel, "Panel"), panel["title"]
        assert not complaints(panel["options"], options[panel["type"]]), panel["title"]
        if panel["type"] == "table":
            assert not complaints(panel["fieldConfig"]["defaults"]["custom"], "TableFieldOptions"), panel["title"]
        if panel["type"] == "timeseries":
            config = panel["fieldConfig"]
            assert not complaints(config["defaults"]["custom"], "GraphFieldConfig"), panel["title"]
            for override in config["overrides"]:
                custom = {
                    each["id"].removeprefix("custom."): each["value"]
                    for each in override["properties"]
                    if each["id"].startswith("custom.")
                }
                assert not complaints(custom, "GraphFieldConfig"), panel["title"]


def test_the_schema_finds_what_is_wrong() -> None:
    board = boards()[f"{FOLDER}/assay-golden.json"]
    board["annotations"]["list"] = []
    assert complaints({**board, "refresh": 60}, "Dashboard")
    board["panels"][1]["fieldConfig"]["defaults"]["treshold"] = {}
    assert complaints(board, "Dashboard")


def test_uids_stay_and_there_is_no_number() -> None:
    assert sorted(board["uid"] for board in boards().values()) == [
        "assay-cost-drift",
        "assay-fleet",
        "assay-golden",
        "assay-quality",
    ]
    assert all("id" not in board and "version" not in board for board in boards().values())


def test_every_metric_there_is_is_drawn_and_no_other() -> None:
    asked = "\n".join(json.dumps(board) for board in boards(TEAMS).values())
    known = {name for metric in METRICS for name in metric.names}
    known |= {f"{metric.name}_bucket" for metric in METRICS if metric.kind == "histogram"}
    drawn = set(re.findall(r"\bassay_[a-z0-9_]+", asked))
    assert drawn <= known
    missing = {metric.name for metric in METRICS if not drawn & {*metric.names, f"{metric.name}_bucket"}}
    assert not missing


def test_panels_do_not_overlap_and_fill_the_width() -> None:
    for board in boards(TEAMS).values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= 24, panel["title"]
            taken |= cells
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(set(numbers)) == len(numbers)


def test_links_lead_into_the_store_and_to_a_heading_of_the_runbook() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    for panel in panels():
        urls = [link["url"] for link in panel["links"]]
        assert {url.partition("#")[2] for url in urls if "#" in url} <= anchors, panel["title"]
        if any("assay_flagged_ratio" in target["expr"] for target in panel["targets"]) and panel["type"] != "table":
            assert "${trace_store:raw}" in urls, panel["title"]
            assert panel["fieldConfig"]["defaults"]["links"][0]["url"] == "${trace_store:raw}"
            assert "assay flagged" in panel["description"]


def test_bands_lie_between_the_bounds() -> None:
    overrides = panel_called("Flagged answers", SHIPPED)["fieldConfig"]["overrides"]
    (upper,) = [each for each in overrides if each["matcher"]["options"] == "upper bound"]
    assert {"id": "custom.fillBelowTo", "value": "lower bound"} in upper["properties"]


def test_lines_are_those_of_the_deployment() -> None:
    def lines(title: str) -> list[float | None]:
        return [step["value"] for step in panel_called(title, TEAMS)["fieldConfig"]["defaults"]["thresholds"]["steps"]]

    assert lines("Latest answers, which page") == [None, 0.31]
    assert lines("PSI") == [None, 0.4]
    assert lines("Tokens against the version before, at least") == [None, 3]
    slow = panel_called("Slowest 5 % of answers", TEAMS)["targets"][-1]
    assert slow["expr"] == (
        'vector(2) and on () group (assay_request_duration_p95_seconds{use_case="$use_case",use_case=~"bot|search"})'
    )


def test_use_cases_are_found_by_owner() -> None:
    variables = {each["name"]: each for each in boards(TEAMS)[f"{FOLDER}/assay-quality.json"]["templating"]["list"]}
    assert variables["owner"]["query"] == "everybody : .*,payments : bot|search,phone\\, and: more : voice"
    assert variables["use_case"]["query"]["query"] == (
        'label_values(assay_judged_traces{use_case=~"${owner:raw}"}, use_case)'
    )
    assert variables["runbook"]["query"] == "https://wiki.example.org/runbook"
    assert variables["window"]["current"]["value"] == "24h"
    shipped = {each["name"] for each in boards()[f"{FOLDER}/assay-quality.json"]["templating"]["list"]}
    assert "owner" not in shipped, "no use case of the shipped file has one"
    assert "datasource" in shipped


def test_a_label_that_a_metric_has_not_cannot_be_asked() -> None:
    with pytest.raises(ValueError, match="assay_loop_lag_seconds has no label use_case"):
        latest(process.LOOP_LAG, ("use_case",))
    with pytest.raises(ValueError, match="assay_flagged_ratio has no label model"):
        latest(quality.FLAGGED, (), {"model": "m"})


def test_no_dashboard_names_a_data_source() -> None:
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    files = grafana_files(SHIPPED)
    (source,) = yaml.safe_load(files["provisioning/datasources/assay.yml"])["datasources"]
    assert source["uid"] not in "".join(text for name, text in files.items() if name.startswith(FOLDER))


def test_titles_are_told_apart() -> None:
    for dashboard in dashboards(Given(SHIPPED)):
        titles = [panel.title for row in dashboard.rows for panel in row.panels]
        assert len(set(titles)) == len(titles), dashboard.uid
