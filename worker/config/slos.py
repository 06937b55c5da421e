"""`slos:` in assay.yaml: what is aimed at, by use case."""

from __future__ import annotations

from assay.worker.config.section import FilledSection


class Slos(FilledSection):
    """The objectives of a deployment."""
