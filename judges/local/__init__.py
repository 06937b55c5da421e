"""The local judge: sentences as claims, weighed by a small model whose weights lie beside the code."""

from assay.judges.local.judge import LocalJudge

__all__ = ["LocalJudge"]
