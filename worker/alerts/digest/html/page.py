"""The page itself: template and style in one document that loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assay.worker.alerts.digest.html.views import digest_view
from assay.worker.alerts.digest.records import OwnerDigest
from assay.worker.golden.report import html as gate_page
from assay.worker.golden.report.html.safetext import plain, shown
from assay.worker.reporting.period import html as report_page

_TEMPLATES = Path(__file__).parent / "templates"
_STYLES = (
    Path(gate_page.__path__[0]) / "templates" / "page.css",
    Path(report_page.__path__[0]) / "templates" / "report.css",
    _TEMPLATES / "digest.css",
)
"""The style of the gate's page and of the report's, and what this one adds: all look alike."""


def digest_page(digests: Sequence[OwnerDigest]) -> str:
    """Digests as one HTML document."""
    style = _style()
    return (
        _environment()
        .get_template("digest.html.jinja")
        .render(
            title=digests[0].title if len(digests) == 1 else "Weekly digest",
            period=digests[0].period if digests else "",
            digests=[digest_view(number, digest) for number, digest in enumerate(digests)],
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
    return "\n".join(path.read_text(encoding="utf-8") for path in _STYLES)


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
