"""A server that answers as Grafana Tempo is documented to: its search, traces by id, and OTLP in.

It was made from the documentation of its HTTP API and from its issues, and never met a real one.
"""

from tests.servers.tempo.server import TempoServer

__all__ = ["TempoServer"]
