"""A small Phoenix, made from what Phoenix 20.26.1 answers: enough for the contract suite without the real one.

`tests/stores` asks both the same things and compares what they say.
"""

from __future__ import annotations

from tests.servers.phoenix.server import Fault, PhoenixServer

__all__ = ["Fault", "PhoenixServer"]
