"""The flagged answers of a period: which, why, and out of how many."""
