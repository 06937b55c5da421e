"""The gate: a run compared with its baseline, and the verdict."""
