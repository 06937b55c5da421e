"""One POST of JSON to an endpoint: connections, proxies, certificates, and a bound on what is read.

Without the provider's SDK in between, which takes four times the CPU (docs/decisions/009-own-post.md). Only this file
knows aiohttp.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint import Endpoint

_CONNECT_S = 10.0
"""Seconds for a connection, TLS included: a hundred times what takes long between continents."""

_IDLE_S = 4.0
"""Seconds an unused connection is kept. Servers on uvicorn, vLLM among them, close theirs after 5. We are first, so
that no request is sent into a connection that is just being closed."""

_MOST_REDIRECTS = 3
_ERROR_BYTES = 65_536
"""Bytes read of an error: its message, code and parameter stand within the first thousand."""


class HttpAnswer(NamedTuple):
    """What came back. Header names are lower case. `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpFault(Exception):
    """There is no whole answer, and why. `answering`: a status had come, so the work was done and may be paid."""

    def __init__(self, why: str, *, answering: bool) -> None:
        super().__init__(why)
        self.answering = answering


class HttpClient:
    """Posts to one endpoint. Connections belong to the event loop they were opened in: a later loop gets its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Keep the endpoint. Nothing is opened yet.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        try:
            self._url = URL(endpoint.url)
        except ValueError:
            raise ConfigurationError("judge model: the base URL cannot be read; write http(s)://host/v1") from None
        self._headers = dict(endpoint.headers)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None

    async def post(self, payload: bytes, *, most_bytes: int) -> HttpAnswer:
        """Send JSON and read the answer, whatever its status. Redirects within the host that keep method and body
        (307, 308) are followed; any other is the answer.

        Args:
            payload: the encoded body.
            most_bytes: of the answer, decompressed. Reading stops there.

        Raises:
            HttpFault: no connection, broken off, not HTTP, or more than `most_bytes`.
            ConfigurationError: a proxy of the environment that cannot be used.
        """
        url = self._url
        session = self._running_session()
        for _ in range(_MOST_REDIRECTS):
            answer = await self._exchange(session, url, payload, most_bytes)
            following = _redirected(url, answer)
            if following is None:
                break
            url = following
        return answer

    async def close(self) -> None:
        """Close the connections."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()

    async def _exchange(self, session: aiohttp.ClientSession, url: URL, payload: bytes, most_bytes: int) -> HttpAnswer:
        answering = False
        try:
            async with session.post(url, data=payload, allow_redirects=False) as response:
                answering = True
                is_error = not 200 <= response.status < 300
                body = await _read(response, _ERROR_BYTES if is_error else most_bytes, cut_off=is_error)
                headers = {name.lower(): text for name, text in response.headers.items()}
                return HttpAnswer(response.status, headers, body)
        except aiohttp.ServerTimeoutError:
            raise HttpFault(f"no connection within {_CONNECT_S:g} s", answering=False) from None
        except (aiohttp.ClientError, HttpProcessingError, OSError) as exc:
            # Not chained: the texts of these errors may repeat what was sent.
            raise HttpFault(f"no usable connection ({type(exc).__name__})", answering=answering) from None

    def _running_session(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop, self._session = loop, self._new_session()
        return self._session

    def _new_session(self) -> aiohttp.ClientSession:
        # How many connections there are is bounded by the requests that are let go (`Admission`), not here.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S, ssl=_certificates(self._url))
        return aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_S),
            proxy=_proxy_for(self._url),
        )


async def _read(response: aiohttp.ClientResponse, most_bytes: int, *, cut_off: bool) -> bytes:
    """The body in pieces: at most one piece more than allowed is ever held, and a small file inflates no further."""
    body = bytearray()
    while piece := await response.content.readany():
        body += piece
        if len(body) > most_bytes:
            response.close()
            if cut_off:
                return bytes(body[:most_bytes])
            raise HttpFault(f"the answer is longer than {most_bytes:,} bytes and is not read", answering=True)
    return bytes(body)


def _redirected(url: URL, answer: HttpAnswer) -> URL | None:
    """Where the same request is to be sent instead. Never to another host: a prompt goes where it was meant for."""
    if answer.status not in {307, 308}:
        return None
    try:
        target = url.join(URL(answer.headers.get("location", "")))
    except ValueError:
        return None
    safe = target.origin() == url.origin() or (url.scheme, target.scheme) == ("http", "https")
    return target if target.host == url.host and target.user is None and safe else None


def _proxy_for(url: URL) -> URL | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for a host, with its login.

    Raises:
        ConfigurationError: it is none of HTTP.
    """
    proxies = getproxies()
    given = proxies.get(url.scheme) or proxies.get("all")
    if not given or url.host is None or proxy_bypass(url.host):
        return None
    proxy = URL(given if "://" in given else f"http://{given}")
    if proxy.scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"judge model: {url.host}: the proxy of the environment is {proxy.scheme}://; set HTTPS_PROXY to an "
            "http:// proxy, or name the host in NO_PROXY"
        )
    return proxy


def _certificates(url: URL) -> ssl.SSLContext | bool:
    """Whom to trust: SSL_CERT_FILE, SSL_CERT_DIR, else the system's store, as the provider's SDK does."""
    return httpx2.create_ssl_context() if url.scheme == "https" else True
