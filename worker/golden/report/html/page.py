"""The page itself: template, style and script in one document that allows nothing else to load or run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assay.worker.golden.report.html.chart import Chart, history_chart
from assay.worker.golden.report.html.items import Limits, share_out
from assay.worker.golden.report.html.listing import CHANGES, ItemView, gate_items, jumps_to, run_items
from assay.worker.golden.report.html.safetext import plain, shown
from assay.worker.golden.report.html.summary import gate_summary, run_summary
from assay.worker.golden.report.html.summary_records import Summary
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.runs.run_store import RunSummary
from assay.worker.golden.runs.series import build_series
from assay.worker.golden.sets.manifest import GoldenItem

MOST_BYTES = 2_900_000
"""What a page may weigh: one that mail, chat and a phone still take."""

_ALL_TEXT = 2_000_000
_TRIES = 6
_TEMPLATES = Path(__file__).parent / "templates"


def gate_page(result: GateResult, history: Sequence[RunSummary] = ()) -> str:
    """A gate as one HTML document. `history` are the kept runs of the set; the chart needs two."""
    series = build_series(history, set_digest=result.set_digest, target=result.candidate)
    chart = history_chart(history, run_id=result.run_id, target=result.candidate, series=series)
    summary = gate_summary(result)
    texts = [_texts([*pair.baseline, *pair.candidate], pair.contexts) for pair in result.pairs]
    return _fitting(lambda limits: _render(summary, gate_items(result, limits), chart), texts)


def run_page(run: GoldenRun, items: Sequence[GoldenItem], history: Sequence[RunSummary] = ()) -> str:
    """A run as one HTML document; `items` are those of the set it ran."""
    series = build_series(history, set_digest=run.set_digest, target=run.target)
    chart = history_chart(history, run_id=run.run_id, target=run.target, series=series)
    summary = run_summary(run)
    texts = [_texts([answer for answer in run.items if answer.id == item.id], item.contexts) for item in items]
    return _fitting(lambda limits: _render(summary, run_items(run, items, limits), chart), texts)


def _texts(results: Sequence[ItemResult], declared: Sequence[str]) -> list[str]:
    """The texts an item may show."""
    texts = [result.response or "" for result in results]
    return texts + [text for result in results for text in result.contexts or ()] + list(declared)


def _fitting(render: Callable[[Limits], str], texts: Sequence[Sequence[str]]) -> str:
    """The page with as much of each item's texts as fits.

    Escaping can make a text ten times as long: a first guess from the beginnings of the texts, then by measure.
    """
    sizes = [sum(map(len, shown_texts)) for shown_texts in texts]
    starts = [text[:200] for shown_texts in texts for text in shown_texts[:2]]
    stretch = max(1.0, sum(len(shown(text).encode("utf-8")) for text in starts) / max(1, sum(map(len, starts))))
    budget = int(_ALL_TEXT / stretch)
    for _ in range(_TRIES):
        longest = max(share_out(sizes, budget), default=0)
        page = render(Limits.within(longest, budget // max(1, len(sizes))))
        weight = len(page.encode("utf-8"))
        if weight <= MOST_BYTES:
            break
        budget = int(budget * 0.8 * MOST_BYTES / weight)
    return page


def _render(summary: Summary, items: Sequence[ItemView], chart: Chart | None) -> str:
    style, script = _asset("page.css"), _asset("page.js")
    tags = sorted({tag for item in items for tag in item.tags})
    counts = {change: sum(item.change == change for item in items) for change in CHANGES}
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            summary=summary,
            items=items,
            jumps=jumps_to(items),
            chart=chart,
            tags=tags,
            changes={change: words for change, words in CHANGES.items() if counts[change]},
            counts=counts,
            style=Markup(style),  # noqa: S704  # our own file
            script=Markup(script),  # noqa: S704  # our own file
            policy=_policy(style, script),
        )
    )


def _policy(style: str, script: str) -> str:
    """Nothing is loaded and nothing runs but this page's own script and style, named by their digests."""
    parts = (
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(parts)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"plain": plain, "shown": shown}
    return environment
