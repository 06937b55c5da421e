"""Judging traces of a past time range, beside live traffic."""
