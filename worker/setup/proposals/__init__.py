"""Selector lines for a rubric, worked out from what lies in recorded traces, and verified by extracting with them."""

from assay.worker.setup.proposals.propose import Proposal, Search, propose

__all__ = ["Proposal", "Search", "propose"]
