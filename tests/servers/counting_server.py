"""A server on the loopback that counts what reaches it: when, how many tokens, and how many calls at once."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import Self


class CountingServer:
    """Answers each line after a latency. `arrivals` are (moment, purpose, tokens), in order."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s = latency_s
        self.arrivals: list[tuple[float, str, int]] = []
        self.peak = 0
        self.port = 0
        self._under_way = 0
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def most_in(self, seconds: float, *, tokens: bool = False) -> int:
        """The most requests, or tokens, in any span of so many seconds."""
        most = total = begin = 0
        weights = [n if tokens else 1 for _, _, n in self.arrivals]
        for end, (moment, _, _) in enumerate(self.arrivals):
            total += weights[end]
            while self.arrivals[begin][0] <= moment - seconds:
                total -= weights[begin]
                begin += 1
            most = max(most, total)
        return most

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=512))
        self.port = server.sockets[0].getsockname()[1]
        self._is_ready.set()
        self._loop.run_forever()
        server.close()
        calls = asyncio.all_tasks(self._loop)
        for call in calls:
            call.cancel()
        self._loop.run_until_complete(asyncio.gather(*calls, server.wait_closed(), return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # transports close a step later
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            purpose, tokens = (await reader.readline()).decode().split()
            self.arrivals.append((time.monotonic(), purpose, int(tokens)))
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
            await asyncio.sleep(self.latency_s)
            self._under_way -= 1
            writer.write(b"ok\n")
            await writer.drain()
        except (ValueError, ConnectionError):
            pass  # a caller that was killed
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
