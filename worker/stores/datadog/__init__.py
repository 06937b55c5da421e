"""Datadog's Agent Observability (LLM Observability): spans of one application, and evaluations of them."""
