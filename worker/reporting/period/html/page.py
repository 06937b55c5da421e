"""The page itself: template and style in one document that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assay.worker.golden.report import html as gate_page
from assay.worker.golden.report.html.safetext import plain, shown
from assay.worker.reporting.drift.lines import lines_to_show
from assay.worker.reporting.period.answers import MarkedAnswer
from assay.worker.reporting.period.calls import call_lines
from assay.worker.reporting.period.html.bars import overview, overview_scale
from assay.worker.reporting.period.html.views import use_case_views
from assay.worker.reporting.period.overview import by_urgency
from assay.worker.reporting.period.records import PeriodReport

_TEMPLATES = Path(__file__).parent / "templates"
_HOUSE_STYLE = Path(gate_page.__path__[0]) / "templates" / "page.css"
"""The style of the gate's page: both look alike."""


MOST_OPEN = 5
"""Use cases up to which all of each is shown at once. Of more there is one line each, that unfolds into the rest."""


def report_page(report: PeriodReport, answers: Sequence[MarkedAnswer] = ()) -> str:
    """A report as one HTML document. `answers` are the worst ones with their texts."""
    style = _style()
    views, is_folded = use_case_views(report, answers), len(report.use_cases) > MOST_OPEN
    period = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            period=period,
            notes=report.notes,
            is_folded=is_folded,
            bars=() if is_folded else overview(report),
            bars_scale=overview_scale(report),
            use_cases=[(number, views[number]) for number, _ in by_urgency(report)],
            calls=list(call_lines(report)),
            drift=lines_to_show(report.drift),
            style=Markup(style),  # noqa: S704  # our own file
            policy=_policy(style),
        )
    )


def _policy(style: str) -> str:
    """Nothing is loaded and nothing runs. The page's own style is named by its digest."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _style() -> str:
    # The first character after a tag is a line feed, which a browser counts into the digest.
    return "\n".join(path.read_text(encoding="utf-8") for path in (_HOUSE_STYLE, _TEMPLATES / "report.css"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "shown": shown}
    return environment
