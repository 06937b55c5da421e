"""Sentences that decline to answer, or find no information to answer from, in the languages most people speak."""

from assay.judges.text.refusals.clauses import clauses
from assay.judges.text.refusals.decline import declines, states_beside
from assay.judges.text.refusals.denied import Denied, denied_matter
from assay.judges.text.refusals.talk import points_elsewhere

__all__ = ["Denied", "clauses", "declines", "denied_matter", "points_elsewhere", "states_beside"]
