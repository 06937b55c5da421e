"""Protobuf's wire format, as far as it takes to find the pieces of a message: no text in them is looked at."""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_FIXED = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST_VARINT = 10
"""Bytes of a number of 64 bits."""


class BadWire(ValueError):
    """Bytes that are no message."""


def pieces(message: memoryview, field: int) -> Iterator[memoryview]:
    """The bytes of each message, text or blob under a field's number, in order.

    Raises:
        BadWire: the bytes are no message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, form = tag >> 3, tag & 7
        if number == 0:
            raise BadWire("a field has the number 0")
        if form == _LENGTH:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise BadWire("a field is longer than what holds it")
            if number == field:
                yield message[at : at + length]
            at += length
        elif form == _VARINT:
            _, at = _varint(message, at)
        elif form in _FIXED:
            at += _FIXED[form]
        else:
            raise BadWire("a field has an unknown form")
    if at > len(message):
        raise BadWire("the last field is cut")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for count in range(_LONGEST_VARINT):
        if at + count >= len(message):
            raise BadWire("a number is cut")
        byte = message[at + count]
        value |= (byte & 0x7F) << 7 * count
        if not byte & 0x80:
            return value, at + count + 1
    raise BadWire("a number is too long")
