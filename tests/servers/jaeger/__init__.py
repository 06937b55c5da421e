"""A server that answers as Jaeger is documented to: version 3 of its query API, and OTLP in.

It was made from the API's definition and from its issues, and never met a real one.
"""

from tests.servers.jaeger.server import JaegerServer

__all__ = ["JaegerServer"]
