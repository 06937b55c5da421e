"""Helicone, its cloud or self-hosted, by its REST API."""
