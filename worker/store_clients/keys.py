"""Keys: whether a header can carry them, and never in a message."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError

SHORTEST_SECRET = 6
"""Shorter words are not blacked out: they stand in ordinary text, too."""


def usable_key(variable: str, secret: SecretStr) -> SecretStr:
    """A key that a header can carry.

    Raises:
        ConfigurationError: it is empty, or has blanks, line ends or characters that are not ASCII.
    """
    key = secret.get_secret_value()
    if not key.strip():
        raise ConfigurationError(f"environment: {variable}: empty; set the key, or take the variable away")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            f"environment: {variable}: has a blank, a line end or a character that is not ASCII, which no key has; "
            "a file that the key was read from may end in a line end"
        )
    return secret


def redacted(message: str, secrets: Iterable[SecretStr]) -> str:
    """A server's words without our keys, which it may echo. Redact first, and cut then."""
    for secret in secrets:
        for word in secret.get_secret_value().split():
            if len(word) >= SHORTEST_SECRET:
                message = message.replace(word, "***")
    return message
