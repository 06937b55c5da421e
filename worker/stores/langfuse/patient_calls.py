"""Calls that a person waits for, as pushing a dataset. They outlast a server that is busy or restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from assay.worker.ports.store_errors import StoreAccessDenied, StoreUnavailable
from assay.worker.ports.waiting import wait_for_answer
from assay.worker.stores.langfuse.client import RouteMissing, Unreachable

T = TypeVar("T")


class PatientCalls:
    """Asks again for up to ten minutes. Everything asked through it is a read, or a write by id.

    A server that was never reached is not waited for: its address is wrong, most likely.
    """

    def __init__(self) -> None:
        self._was_reached = False

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to one request.

        Raises:
            StoreUnavailable, StoreRejected
        """
        answer = await wait_for_answer(ask, may_pass=self._may_pass)
        self._was_reached = True
        return answer

    def _may_pass(self, error: StoreUnavailable) -> bool:
        if isinstance(error, StoreAccessDenied | RouteMissing):
            return False
        return self._was_reached or not isinstance(error, Unreachable)
