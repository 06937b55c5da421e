"""A function of the team's own code as the application under test."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from assay.judges.errors import ConfigurationError, redacted
from assay.worker.golden.sets.json_paths import encodable
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.target_settings import PythonTargetSettings
from assay.worker.golden.targets.exchange import KEPT_CHARACTERS, Exchange, Keep, keep_nothing
from assay.worker.golden.targets.filling import history_messages
from assay.worker.golden.targets.port import TargetFailure, TargetResponse


class PythonTarget:
    """`module:function`, called once an item with question and history, in a thread of its own unless it is async.

    A thread cannot be stopped: a function that overruns its time goes on in the background until the process ends.
    """

    def __init__(self, settings: PythonTargetSettings, *, concurrency: int = 8, keep: Keep = keep_nothing) -> None:
        """Import the function.

        Raises:
            ConfigurationError: module or function cannot be found, or the module fails to import.
        """
        self._settings = settings
        self._call = _imported(settings.call)
        self._slots = asyncio.Semaphore(settings.concurrency or concurrency)
        self._keep = keep

    @property
    def name(self) -> str:
        """Module and function."""
        return self._settings.call

    @property
    def identity(self) -> str:
        """The name and the digest of the settings; of the function's own code nothing is known."""
        return f"{self.name} ({self._settings.digest()})"

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Call the function."""
        history = history_messages(item)
        exchange = Exchange(target=self.name, item=item.id, sent={"question": item.question, "history": history})
        async with self._slots:
            started = time.perf_counter()
            try:
                returned = await self._within(item, history)
                latency = time.perf_counter() - started
                text = repr(returned)
                told = {"received": encodable(text[:KEPT_CHARACTERS]), "received_characters": len(text)}
                exchange = exchange.model_copy(update={**told, "latency_s": latency})
                answer = _response(item, returned)
            except TargetFailure as exc:
                self._keep(exchange.model_copy(update={"failure": f"{exc.reason}: {exc.detail}"}))
                raise
        self._keep(exchange)
        return answer.model_copy(update={"latency_s": latency})

    async def close(self) -> None:
        """Nothing is held."""

    async def _within(self, item: GoldenItem, history: list[JsonValue]) -> object:
        try:
            async with asyncio.timeout(self._settings.timeout_s) as limit:
                if inspect.iscoroutinefunction(self._call):
                    return await self._call(item.question, history)
                returned = await _in_own_thread(self._call, item.question, history)
                return await returned if inspect.isawaitable(returned) else returned
        except Exception as exc:
            if isinstance(exc, TimeoutError) and limit.expired():
                detail = f"no answer within {self._settings.timeout_s:g} s"
                raise TargetFailure(item.id, "timeout", detail) from exc
            raise TargetFailure(item.id, "error", redacted(f"{type(exc).__name__}: {exc}")) from exc


def _imported(call: str) -> Callable[..., Any]:
    """The function behind `module:function`; the current directory counts, as with `python -m`."""
    module_name, _, attribute = call.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        target: Any = importlib.import_module(module_name)
    except Exception as exc:  # whatever the team's module raises
        where = f"golden target: call {call!r}: module {module_name!r} cannot be imported from {Path.cwd()}"
        raise ConfigurationError(f"{where}: {type(exc).__name__}: {exc}") from exc
    for part in attribute.split("."):
        target = getattr(target, part, None)
    if not callable(target):
        raise ConfigurationError(f"golden target: call {call!r}: {module_name!r} has no function {attribute!r}")
    function: Callable[..., Any] = target
    return function


async def _in_own_thread(call: Callable[..., Any], *args: object) -> object:
    """The function's result, from a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def settle(result: object, error: BaseException | None) -> None:
        if done.done():
            return  # its time was up
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = call(*args)
        except BaseException as exc:  # noqa: BLE001  # sys.exit() in the team's code must not end the run either
            # Futures refuse StopIteration, and SystemExit would end the loop.
            passes = isinstance(exc, Exception) and not isinstance(exc, StopIteration)
            error = exc if passes else RuntimeError(f"{type(exc).__name__}: {exc}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="golden-target", daemon=True).start()
    return await done


def _response(item: GoldenItem, returned: object) -> TargetResponse:
    """What the function returned as a response."""
    if isinstance(returned, str):
        return TargetResponse(response=encodable(returned))
    if not isinstance(returned, Mapping):
        detail = f"the function returned {type(returned).__name__}, neither text nor a mapping with `response`"
        raise TargetFailure(item.id, "bad_reply", detail)
    try:
        answer = TargetResponse.model_validate(dict(returned))
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, problem["loc"]))
        raise TargetFailure(item.id, "bad_reply", f"{key}: {problem['msg']}") from exc
    contexts = None if answer.contexts is None else tuple(encodable(text) for text in answer.contexts)
    return answer.model_copy(update={"response": encodable(answer.response), "contexts": contexts})
