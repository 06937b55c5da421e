"""Where the work of judges runs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from assay.judges.cpu_executor import in_thread, on_the_loop


def _fail() -> None:
    raise ValueError("no")


def test_work_leaves_the_loop_alone_unless_it_was_told_that_nothing_else_waits() -> None:
    async def work() -> None:
        assert await in_thread(threading.get_ident) != threading.get_ident()
        with on_the_loop():
            assert await in_thread(threading.get_ident) == threading.get_ident()
            with pytest.raises(ValueError, match="no"):
                await in_thread(_fail)
        assert await in_thread(threading.get_ident) != threading.get_ident()

    asyncio.run(work())


def test_tasks_started_inside_work_there_too_and_others_do_not() -> None:
    async def work() -> None:
        other = asyncio.create_task(in_thread(threading.get_ident))
        with on_the_loop():
            inside = asyncio.create_task(in_thread(threading.get_ident))
        assert await inside == threading.get_ident()
        assert await other != threading.get_ident()

    asyncio.run(work())
