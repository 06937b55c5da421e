"""`alerts:` and `digest:` in assay.yaml: who is told of what, when nobody is to be told, and the weekly message."""

from __future__ import annotations

from assay.worker.config.section import FilledSection


class Alerting(FilledSection):
    """Who is told of alerts, and when nobody is."""


class Digest(FilledSection):
    """The weekly message."""
