"""Langfuse as the trace store: the only place that knows its API, in both generations.

How a deployment uses it is in docs/reference/langfuse.md.
"""
