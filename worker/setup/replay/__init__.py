"""Asking the application again what a trace asked, and judging both answers by the same rubric."""
