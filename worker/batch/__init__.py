"""Judging files: samples in, one verdict a line out, in order."""
