"""Opik, self-hosted or at Comet, by its REST API."""
