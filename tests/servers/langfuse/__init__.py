"""A Langfuse to test against: a real HTTP server that behaves as the recorded 4.16 does, in each of its generations."""

from __future__ import annotations

from tests.servers.langfuse.faults import Fault, Faults, failing_score_writes
from tests.servers.langfuse.server import LangfuseServer
from tests.servers.langfuse.settings import HOBBY, LangfuseSettings

__all__ = ["HOBBY", "Fault", "Faults", "LangfuseServer", "LangfuseSettings", "failing_score_writes"]
