"""Renders the pages. Nothing is loaded from elsewhere, and nothing runs but the page's own script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assay.worker.golden.report import html as gate_pages
from assay.worker.golden.report.html.safetext import plain, shown
from assay.worker.reporting.period import html as report_pages
from assay.worker.reporting.period.answers import MarkedAnswer
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.serving.figures import Figures
from assay.worker.serving.html import tables, views

_TEMPLATES = Path(__file__).parent / "templates"
_OF_GATES = Path(gate_pages.__path__[0]) / "templates"
_OF_REPORTS = Path(report_pages.__path__[0]) / "templates"
_STYLES = (_OF_GATES / "page.css", _OF_REPORTS / "report.css", _TEMPLATES / "serve.css")
"""The style of the gate's page and of the report's, and what these pages add: all look alike."""


class Pages:
    """All pages of one process."""

    def __init__(self, *, has_login: bool) -> None:
        """Know what every page says.

        Args:
            has_login: whether readers logged in, and can log out.
        """
        self._has_login = has_login

    def fleet(self, figures: Figures, now: datetime, *, problem: str = "") -> str:
        """The first page."""
        names, report = views.use_cases_of(figures), figures.report
        return self._render(
            "fleet.html.jinja",
            title="Fleet",
            age=views.age_of(figures, now),
            notes=_notes(figures, problem),
            awaited=figures.awaited,
            has_report=report is not None,
            period=_period(figures),
            alerts=None if figures.alerts is None else figures.alerts,
            firing=() if figures.alerts is None else views.alert_views(figures.alerts.firing),
            warnings=figures.warnings,
            rates=() if report is None else views.rate_rows(report),
            scale="" if report is None else views.rate_scale(report),
            coverage=None if report is None else tables.coverage_table(report.use_cases),
            funnel="" if figures.funnel is None else views.funnel_words(figures.funnel),
            worst=None if report is None else tables.answers_table(views.worst_of_fleet(report)),
            golden=figures.golden,
            tables=[
                table
                for table in (
                    tables.objectives_table(figures.objectives, names),
                    tables.spend_table(figures.cost, report, names),
                )
                if table is not None
            ],
            drift=() if report is None else views.drift_lines(report),
        )

    def use_case(self, figures: Figures, name: str, now: datetime, *, problem: str = "") -> str:
        """The page of one use case."""
        report = views.own_report(figures, name)
        return self._render(
            "one_use_case.html.jinja",
            title=name,
            age=views.age_of(figures, now),
            notes=_notes(figures, problem),
            awaited=figures.awaited,
            has_report=report is not None,
            period=_period(figures),
            firing=() if figures.alerts is None else views.alert_views(figures.alerts.firing, name),
            use_cases=() if report is None else views.sections_of(report),
            tables=[
                table
                for table in (
                    tables.objectives_table(figures.objectives, [name]),
                    tables.spend_table(figures.cost, report, [name]),
                )
                if table is not None
            ],
            drift=() if report is None else views.drift_lines(report, name),
        )

    def answer(self, answer: MarkedAnswer, report: PeriodReport) -> str:
        """One answer with its texts."""
        return self._render(
            "answer.html.jinja",
            title="One answer",
            answer=views.answer_view(answer, report),
            use_case=answer.use_case,
            back=tables.page_of(answer.use_case),
            about=f"{answer.rubric} · evaluator {answer.revision[:12]}",
            started=f"{answer.worst.started_at:%Y-%m-%d %H:%M:%S} UTC",
        )

    def login(self, *, note: str = "") -> str:
        """The form that asks for the token."""
        return self._render("login.html.jinja", title="Log in", note=note, has_login=False)

    def message(self, headline: str, lines: Sequence[str], *, again: bool = False) -> str:
        """A page with a sentence, e.g. that figures are being read."""
        return self._render("message.html.jinja", title=headline, headline=headline, lines=lines, again=again)

    def _render(self, template: str, **values: Any) -> str:
        common = {"style": Markup(_style()), "script": Markup(_script()), "has_login": self._has_login, "age": None}  # noqa: S704  # our own files
        return _environment().get_template(template).render(common | values)


def _notes(figures: Figures, problem: str) -> list[str]:
    own = figures.report.notes if figures.report is not None else ()
    stale = [f"the last reading failed, so older figures are shown: {problem}"] if problem else []
    before = [f"{part}: shown as of {at:%Y-%m-%d %H:%M} UTC" for part, at in figures.read_before.items()]
    return [*stale, *figures.missing, *before, *own]


def _period(figures: Figures) -> str:
    return f"{figures.since:%Y-%m-%d %H:%M} to {figures.until:%Y-%m-%d %H:%M} UTC"


def compile_templates() -> None:
    """Read and compile every template now, so that the first reader does not wait for it."""
    for name in _environment().list_templates(filter_func=lambda name: (_TEMPLATES / name).suffix == ".jinja"):
        _environment().get_template(name)


@cache
def content_policy() -> str:
    """Nothing but our own style and script, named by their digests, and forms to ourselves."""
    parts = (
        "default-src 'none'",
        f"script-src '{_digest(_script())}'",
        f"style-src '{_digest(_style())}'",
        "img-src 'self'",  # the icon that browsers ask for by themselves
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(parts)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _style() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in _STYLES)


@cache
def _script() -> str:
    return (_TEMPLATES / "serve.js").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES, _OF_REPORTS, _OF_GATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "shown": shown}
    return environment
