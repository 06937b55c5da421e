"""A coroutine on a loop of its own, in a thread, while the caller's thread does its part."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def run_beside(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], here: Callable[[], None], close: Callable[[], None]
) -> T:
    """The result of a coroutine. It may be called where a loop runs already, as in a notebook.

    Ctrl-C, and whatever else `here` raises, cancels the coroutine and is raised.

    Args:
        loop: a new one, which is closed at the end.
        work: what runs on it.
        here: runs in this thread meanwhile.
        close: is called when the coroutine has ended, and makes `here` return.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                results.append(runner.run(work))
        except BaseException as exc:  # noqa: BLE001  # raised again where it is waited for
            errors.append(exc)
        finally:
            close()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="assay-judge", daemon=True)
    thread.start()
    try:
        here()
        thread.join()
    except BaseException:
        with suppress(RuntimeError):  # the loop is closed, so the work has ended
            loop.call_soon_threadsafe(_cancel_all, loop)
        thread.join()
        raise
    if errors:
        raise errors[0]
    return results[0]


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
