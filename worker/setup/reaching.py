"""Whether something listens at an address. Nothing is sent."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

CONNECT_S = 5.0


async def why_unreachable(url: str) -> str:
    """The kind of the error, e.g. `ConnectionRefusedError`; empty where a connection came about."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname or "", port)
            writer.close()
            await writer.wait_closed()
    except (OSError, ValueError) as exc:
        return type(exc).__name__
    return ""
