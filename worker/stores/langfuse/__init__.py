"""Langfuse as the trace store: the only place that knows its API, in both generations (docs/langfuse.md)."""

from worker.stores.langfuse.plans import PLANS, Plan
from worker.stores.langfuse.store import LangfuseStore

__all__ = ["PLANS", "LangfuseStore", "Plan"]
