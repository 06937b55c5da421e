"""Draw a dashboard of deploy/grafana/ from what a Prometheus answers, as one page that loads nothing.

    python -m benchmarks.dashboard_page --prometheus http://127.0.0.1:9090 --out quality.html
    python -m benchmarks.dashboard_page --simulated-week --dashboard assay-cost-drift --out cost.html

No Grafana can be installed where this project is built. The page shows what a person would see: it reads the same
JSON, puts values in place of the variables, sends the same queries and draws their answers in the same places.
`--simulated-week` starts a Prometheus of its own (`prometheus` and `promtool` must be on the PATH) with a made week,
in which answers get worse on the sixth day.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.dashboard_drawing import Drawn, Series, drawn_panel, page
from benchmarks.dashboard_week import STEP_S, simulated_week

DASHBOARDS = Path(__file__).parents[1] / "deploy/grafana/dashboards"
TIMEOUT_S = 20.0
_VARIABLE = re.compile(r"\$\{?([a-z_]+)(?::raw)?\}?")
"""A variable in a query, e.g. `$use_case` or `${owner:raw}`."""

CHOSEN = {
    "use_case": "support",
    "rubric": "grounding",
    "window": "24h",
    "by": "feature",
    "owner": ".*",
    "golden_set": "support-v1",
}
"""What is chosen above the panels, unless --var says otherwise."""


class Span(NamedTuple):
    """What time is drawn: its ends as Unix time, and the seconds between two points."""

    start: float
    end: float
    step: float


def main() -> None:
    """Write the page of one dashboard."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prometheus", help="address, e.g. http://127.0.0.1:9090")
    parser.add_argument("--simulated-week", action="store_true", help="start a Prometheus with a made week")
    parser.add_argument("--dashboard", default="assay-quality")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="value of a variable")
    parser.add_argument("--hours", type=float, default=168.0, help="how far back")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if bool(options.prometheus) == options.simulated_week:
        parser.error("say either --prometheus URL or --simulated-week")
    values = CHOSEN | dict(pair.split("=", 1) for pair in options.var)
    board = json.loads((DASHBOARDS / f"{options.dashboard}.json").read_text(encoding="utf-8"))
    source: AbstractContextManager[str] = (
        simulated_week(values) if options.simulated_week else nullcontext(options.prometheus)
    )
    with source as address:
        now = time.time()
        step = STEP_S if options.simulated_week else max(15.0, 3600 * options.hours / 300)
        asking = Asking(address.rstrip("/"), Span(now - 3600 * options.hours, now, step), values)
        panels = list(asking.panels(board))
    options.out.write_text(page(board["title"], board["description"], values, panels), encoding="utf-8")
    empty = [panel.title for panel in panels if panel.is_empty]
    print(
        f"{options.out}: {len(panels)} panels, {asking.queries} queries; without a series: {', '.join(empty) or 'none'}"
    )


class Asking:
    """Asks one Prometheus for the panels of a dashboard."""

    def __init__(self, address: str, span: Span, values: Mapping[str, str]) -> None:
        self._address = address
        self._span = span
        self._values = {**values, "__rate_interval": f"{4 * span.step:.0f}s"}
        self.queries = 0

    def panels(self, board: Mapping[str, Any]) -> Iterator[Drawn]:
        """Every panel and heading, drawn."""
        marks = list(self._marks(board))
        for panel in board["panels"]:
            targets = panel.get("targets", [])
            series = [each for target in targets for each in self._series(target)]
            shown = {**panel, "title": self._with_values(panel["title"])}
            yield drawn_panel(shown, series, (self._span.start, self._span.end), marks)

    def _marks(self, board: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
        """When something changed: the beginning of each stretch of a series."""
        for mark in board["annotations"]["list"]:
            if "expr" in mark:
                target = {"expr": mark["expr"], "legendFormat": mark["titleFormat"], "range": True}
                yield from ((series.points[0][0], series.name) for series in self._series(target))

    def _series(self, target: Mapping[str, Any]) -> Iterator[Series]:
        self.queries += 1
        query = self._with_values(target["expr"])
        asked: dict[str, Any] = {"query": query}
        if target["range"]:
            asked |= {"start": self._span.start, "end": self._span.end, "step": self._span.step}
        kind = "query_range" if target["range"] else "query"
        with urlopen(f"{self._address}/api/v1/{kind}?{urlencode(asked)}", timeout=TIMEOUT_S) as reply:
            result = json.load(reply)["data"]["result"]
        for each in result:
            points = each["values"] if "values" in each else [each["value"]]
            yield Series(
                legend=target["legendFormat"],
                labels=each["metric"],
                points=tuple((float(at), float(value)) for at, value in points),
            )

    def _with_values(self, text: str) -> str:
        return _VARIABLE.sub(lambda match: self._values.get(match[1], match[0]), text)


if __name__ == "__main__":
    main()
