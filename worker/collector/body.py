"""The body of a request, inflated as it comes and never beyond its limit."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable
from http import HTTPStatus

from assay.worker.collector.admission import Held
from assay.worker.collector.refusals import Refusal, not_understood, too_large

BODY_WITHIN_S = 30.0
"""How long a sender may take for a body: a byte every second does not prolong it."""

PIECE = 256 * 1024
"""Bytes that are inflated at once. So a small piece that becomes a large one is noticed in time."""

_INFLATED = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_AS_IT_IS = ("", "identity")
ENCODINGS = ("identity", *_INFLATED)
"""What `Content-Encoding` may say."""


async def read_body(chunks: AsyncIterable[bytes], *, encoding: str, length: str, most: int, held: Held) -> bytes:
    """The whole body.

    Args:
        chunks: as they come.
        encoding: what `Content-Encoding` says; empty: nothing.
        length: what `Content-Length` says; empty: nothing.
        most: bytes, inflated.
        held: where the bytes are counted.

    Raises:
        Refusal: too large, too slow, another encoding, or not what the encoding says.
    """
    if encoding not in (*_AS_IT_IS, *_INFLATED):
        known = ", ".join(_INFLATED)
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding: {known} or none are taken")
    if length.isdecimal() and int(length) > most:
        raise _beyond(most)
    filling = _Filling(most, held, _Inflating(encoding) if encoding in _INFLATED else None)
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in chunks:
                filling.add(chunk)
    except TimeoutError:
        why = f"the body did not come within {BODY_WITHIN_S:g} s"
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, why) from None
    return filling.whole()


class _Filling:
    """A body that grows."""

    def __init__(self, most: int, held: Held, inflating: _Inflating | None) -> None:
        self._most = most
        self._held = held
        self._inflating = inflating
        self._came = 0
        self._body = bytearray()

    def add(self, chunk: bytes) -> None:
        """Add what came.

        Raises:
            Refusal: it becomes too large, or is not compressed as it says.
        """
        if self._inflating is None:
            self._keep(chunk)
            return
        self._came += len(chunk)
        if self._came > self._most:  # compressed bytes may become nothing at all
            raise _beyond(self._most)
        self._inflating.give(chunk)
        while piece := self._inflating.piece():
            self._keep(piece)

    def whole(self) -> bytes:
        """The body, after its last piece.

        Raises:
            Refusal: the end is missing.
        """
        if self._inflating is not None and not self._inflating.is_whole:
            raise not_understood("the compressed body is cut")
        return bytes(self._body)

    def _keep(self, piece: bytes) -> None:
        if len(self._body) + len(piece) > self._most:
            raise _beyond(self._most)
        self._held.take(len(piece))
        self._body += piece


class _Inflating:
    """Compressed bytes in, pieces of at most `PIECE` bytes out. Several members of gzip in a row are one body."""

    def __init__(self, encoding: str) -> None:
        self._wbits = _INFLATED[encoding]
        self._stream = zlib.decompressobj(self._wbits)
        self._waiting = b""
        self._is_begun = False
        self._has_more = False

    @property
    def is_whole(self) -> bool:
        """Whether the last member came to its end. An empty body has none."""
        return self._stream.eof or not self._is_begun

    def give(self, chunk: bytes) -> None:
        """Take compressed bytes."""
        self._waiting += chunk

    def piece(self) -> bytes:
        """The next piece; empty where more must come first.

        Raises:
            Refusal: the bytes are not compressed as they should be.
        """
        while self._waiting or self._has_more:
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._wbits)
            self._is_begun = True
            try:
                piece = self._stream.decompress(self._waiting, PIECE)
            except zlib.error:
                raise not_understood("the body is not compressed as Content-Encoding says") from None
            is_whole = self._stream.eof
            self._waiting = self._stream.unused_data if is_whole else self._stream.unconsumed_tail
            self._has_more = not is_whole and len(piece) == PIECE  # there may be more of it without further bytes
            if piece:
                return piece
        return b""


def _beyond(most: int) -> Refusal:
    return too_large(f"the body is larger than {most:,} bytes; send fewer spans at once, or raise collector.body_mb")
