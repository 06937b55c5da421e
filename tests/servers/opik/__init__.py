"""A fake Opik, built from the requests and answers of its REST API (SDK 2.2.122) and of its server's source."""

from tests.servers.opik.server import OpikFault, OpikServer

__all__ = ["OpikFault", "OpikServer"]
