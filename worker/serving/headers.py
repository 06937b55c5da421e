"""What every response says beside its content."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.responses import Response

from assay.worker.serving.html.pages import content_policy

_ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": content_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def secured(response: Response, *, took_s: float) -> Response:
    """The response with the headers of all, and how long the server took for it."""
    response.headers.update(_ALWAYS)
    response.headers["Server-Timing"] = f"page;dur={1000 * took_s:.1f}"
    return response


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, which nobody else reaches, e.g. `127.0.0.1`, `::1`, `localhost`."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_host(header: str) -> bool:
    """Whether a `Host` header names this machine, e.g. `localhost:8484` or `[::1]:8484`."""
    host = header.partition("]")[0].removeprefix("[") if header.startswith("[") else header.partition(":")[0]
    return is_loopback(host)
