"""Why there is no connection, in words that a newcomer can act on. Nothing that was sent is repeated.

Errors of the client are told by the names of their classes: only `http_client.py` knows it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from yarl import URL

_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ETIMEDOUT: "no connection in time",
    errno.EHOSTUNREACH: "no way to the host",
    errno.ENETUNREACH: "no way to the network",
    errno.ECONNRESET: "connection reset",
}
"""What an error of the system means, e.g. `connection refused`: nobody listens at the port."""

_PROXY_LOGIN = 407

_WORDS = {
    "ClientConnectorCertificateError": (
        "its certificate is not trusted: name the issuer's in ca_file, or in SSL_CERT_FILE for all endpoints"
    ),
    "ClientConnectorSSLError": "no TLS with it: does the address begin with https:// where the server speaks http?",
    "ServerDisconnectedError": "the server closed the connection without an answer",
}
"""What an error of the client means, by the name of its class, e.g. `ServerDisconnectedError`."""


def fault_words(exc: BaseException, proxy: URL | None) -> str:
    """Why a request came to no answer, and whether it was the proxy that it failed at.

    Args:
        exc: what the client raised.
        proxy: the proxy in between. None: there is none.
    """
    kinds = [kind.__name__ for kind in type(exc).__mro__]
    if "ClientHttpProxyError" in kinds:
        status = getattr(exc, "status", None)
        login = "the proxy wants a login (status 407)"
        return login if status == _PROXY_LOGIN else f"the proxy refuses to connect: status {status}"
    for kind in kinds:
        if kind in _WORDS:
            return _WORDS[kind]
    return _unreached(exc, kinds, proxy) if "ClientConnectorError" in kinds else type(exc).__name__


def _unreached(exc: BaseException, kinds: Sequence[str], proxy: URL | None) -> str:
    """Why a host was not reached."""
    at_proxy = proxy is not None and ("ClientProxyConnectionError" in kinds or getattr(exc, "host", None) == proxy.host)
    who = "the proxy: " if at_proxy else ""
    if "ClientConnectorDNSError" in kinds:
        return f"{who}no such host name"
    number = getattr(getattr(exc, "os_error", None), "errno", None)
    return who + (_REASONS.get(number) or os.strerror(number) if number else type(exc).__name__)
