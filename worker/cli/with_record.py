"""A runtime for commands that read the record: they work without Redis, and say what they do not know then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import SecretStr

from assay.worker.cli.context import settings_and_root
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.clock import SystemClock

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")

_NOWHERE = "redis://localhost:1/0"
"""An address for a runtime whose state nobody asks."""


def with_record(config: Path | None, work: Callable[[Runtime, bool], Awaitable[T]]) -> T:
    """Run `work` with the deployment's runtime, and whether its Redis answers.

    Where no server is named and none runs, one is started for this command, as other commands do.
    """
    from assay.worker.wiring.runtime import Runtime

    settings, root = settings_and_root(config)
    with _address(settings, root) as url:
        with_url = settings.model_copy(update={"redis_url": SecretStr(url or _NOWHERE)})

        async def run() -> T:
            # Without Redis there is no shared time, and this machine's own has to do.
            runtime = Runtime(with_url, root, redis_url=url or _NOWHERE, clock=None if url else SystemClock())
            try:
                if url:
                    await runtime.synchronise_clock()
                return await work(runtime, url is not None)
            finally:
                await runtime.close()

        return asyncio.run(run())


@contextmanager
def _address(settings: Settings, root: ConfigRoot) -> Iterator[str | None]:
    """Where Redis answers. None where it does not."""
    from assay.worker.launch.broker import BrokerUnreachable
    from assay.worker.launch.fleet import running_broker

    with ExitStack() as stack:
        try:
            url: str | None = stack.enter_context(running_broker(settings, root)).url
        except BrokerUnreachable:
            url = None
        yield url
