"""Evidently itself, in an environment of its own: `make test-evidently`."""
