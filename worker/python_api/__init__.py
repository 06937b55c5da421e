"""Assay in a notebook or a program: samples in, verdicts out. `from assay import judge, ajudge`."""
