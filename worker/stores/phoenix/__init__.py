"""Arize Phoenix as a trace store."""
