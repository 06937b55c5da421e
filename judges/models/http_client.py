"""One POST of JSON to an endpoint: connections, proxies, certificates, and a bound on what is read.

Without the provider's SDK in between, which takes four times the CPU (docs/decisions/009-own-post.md). Only this file
knows aiohttp.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import httpx2
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from assay.judges.errors import ConfigurationError
from assay.judges.models.connection_faults import fault_words
from assay.judges.models.endpoint import Endpoint
from assay.judges.models.proxies import environment_proxy, proxy_of

_IDLE_S = 4.0
"""Seconds an unused connection is kept. Servers on uvicorn, vLLM among them, close theirs after 5. We are first, so
that no request is sent into a connection that is just being closed."""

_ENCODINGS = "gzip, deflate"
"""What the answer may be compressed by: what can be inflated in bounded pieces everywhere."""

_MOST_REDIRECTS = 3
_PROXY_LOGIN = 407
"""Status of a proxy that wants a login. Of an endpoint it says nothing."""

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


class AnswerTooLong(HttpFault):
    """More came than is read: the work was done, and what was written is at fault."""


class HttpClient:
    """Posts to one endpoint. Connections belong to the event loop they were opened in: a later loop gets its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Keep the endpoint. Nothing is opened yet.

        Raises:
            ConfigurationError: the address, the proxy or the file of certificates cannot be used.
        """
        try:
            self._url = URL(endpoint.url)
        except ValueError:
            raise ConfigurationError("judge model: the base URL cannot be read; write http(s)://host/v1") from None
        self._endpoint = endpoint
        self._proxy = proxy_of(self._url, endpoint.proxy) if endpoint.proxy is not None else None
        self._ssl = _trusted_certificates(self._url, endpoint.ca_file) if endpoint.ca_file is not None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._session_proxy: URL | None = None

    async def post(self, payload: bytes, *, most_bytes: int) -> HttpAnswer:
        """Send JSON and read the answer, whatever its status. Redirects within the host that keep method and body
        (307, 308) are followed; any other is the answer.

        Args:
            payload: the encoded body.
            most_bytes: of the answer, decompressed. Reading stops there.

        Raises:
            HttpFault: no connection, broken off, not HTTP, or more than `most_bytes`.
            ConfigurationError: a proxy or certificates of the environment that cannot be used.
        """
        url = self._url
        for _ in range(1 + _MOST_REDIRECTS):
            answer = await self._exchange("POST", url, payload, most_bytes)
            following = _redirected(url, answer)
            if following is None:
                break
            url = following
        return answer

    async def get(self, path: str, *, most_bytes: int) -> HttpAnswer:
        """Read another page of the same server, with the same headers and query, whatever its status.

        Args:
            path: its whole path, e.g. `/v1/models`.
            most_bytes: of the answer, decompressed. Reading stops there.

        Raises:
            HttpFault: no connection, broken off, not HTTP, or more than `most_bytes`.
            ConfigurationError: a proxy or certificates of the environment that cannot be used.
        """
        url = self._url.with_path(path, keep_query=True)
        return await self._exchange("GET", url, None, most_bytes)

    async def close(self) -> None:
        """Close the connections."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # transports end in the loop's next round: one that ends now would leave them open

    async def _exchange(self, method: str, url: URL, payload: bytes | None, most_bytes: int) -> HttpAnswer:
        answering = False
        try:
            async with self._request(method, url, payload) as response:
                if response.status == _PROXY_LOGIN and self._session_proxy is not None:
                    raise HttpFault("the proxy wants a login (status 407)", answering=False)
                answering = True
                is_error = not 200 <= response.status < 300
                body = await _read(response, _ERROR_BYTES if is_error else most_bytes, cut_off=is_error)
                headers = {name.lower(): text for name, text in response.headers.items()}
                return HttpAnswer(response.status, headers, body)
        except aiohttp.ServerTimeoutError:
            raise HttpFault(f"no connection within {self._endpoint.connect_timeout_s:g} s", answering=False) from None
        except (aiohttp.ClientError, HttpProcessingError, OSError) as exc:
            # Not chained: the texts of these errors may repeat what was sent.
            words = fault_words(exc, self._session_proxy)
            raise HttpFault(f"no usable connection ({words})", answering=answering) from None

    def _request(
        self, method: str, url: URL, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """A request with the endpoint's headers, and further ones over them.

        The headers are given with each request. Those of a session aiohttp shows to the proxy as well, in the CONNECT
        before TLS begins: the key would be in its log.
        """
        given = {"Accept-Encoding": _ENCODINGS, **self._endpoint.headers, **(headers or {})}
        return self._running_session().request(method, url, data=body, headers=given, allow_redirects=False)

    def _running_session(self) -> aiohttp.ClientSession:
        """The session of the running loop."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop, self._session = loop, self._new_session()
        return self._session

    def _new_session(self) -> aiohttp.ClientSession:
        # How many connections there are is bounded by the requests that are let go (`Admission`), not here.
        trusted = _trusted_certificates(self._url, None) if self._ssl is None else self._ssl
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S, ssl=trusted)
        proxy = self._proxy if self._endpoint.proxy is not None else environment_proxy(self._url)
        self._session_proxy = proxy
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._endpoint.connect_timeout_s),
            proxy=proxy,
        )


async def _read(response: aiohttp.ClientResponse, most_bytes: int, *, cut_off: bool) -> bytes:
    """The body in pieces: at most one piece more than allowed is ever held, and a small file inflates no further.

    aiohttp inflates a piece at a time, and has the next at once where a small file holds much: then nobody else would
    get a turn on the loop.
    """
    body = bytearray()
    while piece := await response.content.readany():
        body += piece
        await asyncio.sleep(0)
        if len(body) > most_bytes:
            response.close()
            if cut_off:
                return bytes(body[:most_bytes])
            raise AnswerTooLong(f"the answer is longer than {most_bytes:,} bytes and is not read", answering=True)
    return bytes(body)


def _redirected(url: URL, answer: HttpAnswer) -> URL | None:
    """Where the same request is to be sent instead. Never to another host: a prompt goes where it was meant for."""
    if answer.status not in {307, 308}:
        return None
    try:
        target = url.join(URL(answer.headers.get("location", "")))
    except ValueError:
        return None
    if target.host != url.host or target.user is not None:
        return None
    is_upgrade = (url.scheme, target.scheme) == ("http", "https") and target.port in {443, url.port}
    return target if target.origin() == url.origin() or is_upgrade else None


def _trusted_certificates(url: URL, ca_file: Path | None) -> ssl.SSLContext | bool:
    """Whom to trust: the endpoint's own file, else SSL_CERT_FILE, SSL_CERT_DIR, else the system's store.

    Raises:
        ConfigurationError: the file cannot be read or holds no certificate.
    """
    if url.scheme != "https":
        return True
    try:
        # Without a file of its own, SSL_CERT_FILE and SSL_CERT_DIR are read in there.
        return httpx2.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:  # SSLError is an OSError: named for the reader
        why = (
            "holds no certificate in PEM form" if isinstance(exc, ssl.SSLError) else f"cannot be read ({exc.strerror})"
        )
    where = "what SSL_CERT_FILE or SSL_CERT_DIR names" if ca_file is None else f"ca_file {ca_file}"
    raise ConfigurationError(f"judge model: {url.host}: {where}: {why}; name a PEM file")
