"""Langfuse as the trace store: the only place that knows its API, in both generations (docs/reference/langfuse.md)."""

from assay.worker.stores.langfuse.quotas import PLANS, Plan
from assay.worker.stores.langfuse.store import LangfuseStore

__all__ = ["PLANS", "LangfuseStore", "Plan"]
