"""A fake Helicone, built from its documented requests and answers and from its server's source."""

from tests.servers.helicone.server import HeliconeFault, HeliconeServer

__all__ = ["HeliconeFault", "HeliconeServer"]
