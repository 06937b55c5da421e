"""The loopback server of tests that answer in threads."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class ListeningServer(ThreadingHTTPServer):
    """Answers each connection in a thread of its own. No thread keeps a test from ending."""

    daemon_threads = True
    request_queue_size = 256
    """Connections waiting to be taken. With the usual five, some of many at once wait a second to ask again."""
