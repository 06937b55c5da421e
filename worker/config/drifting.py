"""`drift:` in assay.yaml: what is compared with which baseline."""

from __future__ import annotations

from assay.worker.config.section import FilledSection


class Drifting(FilledSection):
    """How drift is looked for."""
