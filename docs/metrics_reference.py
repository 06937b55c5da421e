"""Writes the tables of docs/reference/metrics.md from the table of metrics: `python -m docs.metrics_reference`.

The prose between the tables is the page's own. A table stands between `<!-- NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from assay.worker.records.metrics import collector, drift, fleet, process, quality, slo
from assay.worker.records.metrics.metric import Metric

PAGE = Path(__file__).parent / "reference" / "metrics.md"

PARTS: dict[str, Sequence[Metric]] = {
    "process": process.METRICS,
    "fleet": fleet.METRICS,
    "quality": quality.METRICS,
    "slo": slo.METRICS,
    "drift": drift.METRICS,
    "collector": collector.METRICS,
}

_TABLE = re.compile(r"<!-- (?P<part>[a-z]+) -->\n.*?<!-- end -->", re.DOTALL)
"""A table with its marks, e.g. `<!-- drift -->` … `<!-- end -->`."""


def written(page: str) -> str:
    """The page with its tables as they should be."""
    return _TABLE.sub(lambda found: f"<!-- {found['part']} -->\n{_table(PARTS[found['part']])}<!-- end -->", page)


def _table(metrics: Sequence[Metric]) -> str:
    rows = [f"| `{m.name}`{' ±' if m.bounds else ''} | {m.kind} | {_labels(m)} | {m.help} |\n" for m in metrics]
    return "".join(["| metric | kind | labels | meaning |\n", "| --- | --- | --- | --- |\n", *rows])


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
