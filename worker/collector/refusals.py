"""Requests that are not taken, and how that is said: a status code of the protocol, and a sentence."""

from __future__ import annotations

from http import HTTPStatus

CODES = {400: 3, 401: 16, 404: 12, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
"""The code of `google.rpc.Status` for each status of HTTP, e.g. RESOURCE_EXHAUSTED for 429."""


class Refusal(Exception):  # what happened
    """A request that is not taken.

    Attributes:
        status: of HTTP. A sender tries again after 429 and 503, and after no other.
        message: why, for the person who set up the sender.
        retry_after_s: when the sender may try again.
    """

    def __init__(self, status: HTTPStatus, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


def not_now(why: str, *, after_s: int = 1) -> Refusal:
    """There is no room at this moment."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, why, retry_after_s=after_s)


def too_large(why: str) -> Refusal:
    """More than is taken at once, however often it is tried."""
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)


def not_understood(why: str) -> Refusal:
    """The body is no message of the protocol."""
    return Refusal(HTTPStatus.BAD_REQUEST, why)
