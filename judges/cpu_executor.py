"""Where CPU work runs, so that the event loop only awaits.

A worker's event loop serves hundreds of assessments at once. Tokenising one long answer on it would stall all of them,
so judges hand such work to `in_thread`. There are three places for it. Alone (a notebook, the CLI) it goes to asyncio's
default thread pool. Inside the fleet the worker binds the batch's own Celery thread, which otherwise only waits. A
process that judges one sample after the other does it on the loop's own thread: nothing else waits there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Watch = Callable[[], AbstractAsyncContextManager[None]]
"""Makes what a step of CPU work runs within."""

_executor: ContextVar[Executor | None] = ContextVar("assay_cpu_executor", default=None)
_watch: ContextVar[Watch | None] = ContextVar("assay_cpu_watch", default=None)
_on_the_loop: ContextVar[bool] = ContextVar("assay_cpu_on_the_loop", default=False)


@contextmanager
def cpu_executor(executor: Executor) -> Iterator[None]:
    """Bind the executor that `in_thread` uses in this context and the tasks started from it."""
    token = _executor.set(executor)
    try:
        yield
    finally:
        _executor.reset(token)


@contextmanager
def on_the_loop() -> Iterator[None]:
    """Let `in_thread` do the work where it is called. For event loops that serve nothing else at the time."""
    token = _on_the_loop.set(True)
    try:
        yield
    finally:
        _on_the_loop.reset(token)


@contextmanager
def watched_steps(watch: Watch) -> Iterator[None]:
    """Run each step of CPU work of this context within a watch: for work that may take its process down."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work(*args, **kwargs)` off the event loop, or where `on_the_loop` says so on it, and await its result."""
    if _on_the_loop.get():
        return work(*args, **kwargs)
    watch = _watch.get()
    if watch is None:
        return await _in_executor(lambda: work(*args, **kwargs))
    async with watch():
        return await _in_executor(lambda: work(*args, **kwargs))


async def _in_executor(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_executor.get(), work)
