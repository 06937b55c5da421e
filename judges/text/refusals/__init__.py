"""Sentences that decline to answer, or find no information to answer from, in the languages most people speak."""

from assay.judges.text.refusals.clauses import clauses
from assay.judges.text.refusals.decline import declines, states_beside
from assay.judges.text.refusals.denied import denied_matter

__all__ = ["clauses", "declines", "denied_matter", "states_beside"]
