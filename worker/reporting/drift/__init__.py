"""Drift for people: words, tables, and files for Evidently."""
