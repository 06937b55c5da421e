"""Selector lines for a rubric, worked out from what lies in recorded traces, and verified by extracting with them."""

from assay.worker.setup.proposals.propose import propose
from assay.worker.setup.proposals.search import PlausiblePlace, Proposal, Search

__all__ = ["PlausiblePlace", "Proposal", "Search", "propose"]
