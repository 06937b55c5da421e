"""`facts:` in assay.yaml: where an application writes what no convention has a name for."""

from __future__ import annotations

from assay.worker.config.section import FilledSection


class FactNames(FilledSection):
    """Keys of a trace's metadata."""
