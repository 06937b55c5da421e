"""A judge endpoint in a process of its own: cheap, seeded, with faults by share and a log of every call.

    python -m benchmarks.fire.judge_server --mean 1.0 --sigma 0.4 --seed 1

prints `{"url": ...}` and serves until SIGTERM. `POST /control` takes a JSON object with any fields of `Faults`,
`GET /stats` gives the summary of the calls so far, `GET /calls` each call as a line of JSON, `POST /forget` drops them,
and `GET /bodies` gives the first requests as they came.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.fire.judge_calls import ANSWERED, Call, as_line, summary
from benchmarks.fire.judge_reply import completion, marker_of, verdict

KEPT_BODIES = 64
"""The first requests, for a script that sends the same without a fleet."""


@dataclass
class Faults:
    """What becomes of calls.

    Attributes:
        mean, sigma: of the log-normal latency, in seconds and of its logarithm.
        rate_limited, failing, broken, hanging: shares of calls: 429, 500, broken JSON, `hang_s` seconds of silence.
        retry_after: of a 429, in seconds.
        down: resets every connection, those of calls in flight, too.
        late_s: added to every latency.
        per_second: more calls than this in a second get a 429 without Retry-After; 0: any number.
    """

    mean: float = 0.2
    sigma: float = 0.4
    rate_limited: float = 0.0
    failing: float = 0.0
    broken: float = 0.0
    hanging: float = 0.0
    hang_s: float = 30.0
    retry_after: float = 1.0
    down: bool = False
    late_s: float = 0.0
    per_second: float = 0.0


class Judge:
    """What all connections share."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self.calls: list[Call] = []
        self.bodies: list[bytes] = []
        self.open: dict[int, Callable[[], None]] = {}
        self._chance = random.Random(seed)
        self._taken: list[float] = []

    def latency_s(self) -> float:
        """Log-normal, of the mean that was asked for."""
        faults = self.faults
        middle = math.log(faults.mean) - faults.sigma**2 / 2
        return self._chance.lognormvariate(middle, faults.sigma) + faults.late_s

    def fate(self) -> str:
        """What is done to the next call."""
        if self.faults.down:
            return "reset"
        if self._is_over_rate():
            return "over_rate"
        draw = self._chance.uniform(0.0, 1.0)
        for name in ("rate_limited", "failing", "broken", "hanging"):
            draw -= getattr(self.faults, name)
            if draw < 0:
                return name
        return ANSWERED

    def _is_over_rate(self) -> bool:
        if not self.faults.per_second:
            return False
        now = time.monotonic()
        self._taken = [moment for moment in self._taken if moment > now - 1.0]
        if len(self._taken) >= self.faults.per_second:
            return True
        self._taken.append(now)
        return False

    def control(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the faults."""
        self.faults = Faults(**{**asdict(self.faults), **changes})
        if self.faults.down:
            for reset in list(self.open.values()):
                reset()
        return asdict(self.faults)

    def stats(self) -> dict[str, Any]:
        """The summary, and what this process took."""
        return {**summary(self.calls), "cpu_s": time.process_time(), "faults": asdict(self.faults)}


class Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, no pipelining."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Begin with a request once it is there whole."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._data[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if len(self._data) < end + 4 + length:
            return
        body = bytes(self._data[end + 4 : end + 4 + length])
        del self._data[: end + 4 + length]
        path = head.split(b" ", 2)[1]
        if path.endswith(b"/chat/completions"):
            self._begin(body)
        else:
            self._reply(200, self._told(path, body))

    def _told(self, path: bytes, body: bytes) -> bytes:
        if path == b"/control":
            return json.dumps(self._judge.control(json.loads(body))).encode()
        if path == b"/calls":
            return "\n".join(json.dumps(as_line(call)) for call in self._judge.calls).encode()
        if path == b"/bodies":
            return b"\n".join(self._judge.bodies)
        if path == b"/forget":
            self._judge.calls = [call for call in self._judge.calls if call.outcome == "open"]
        # Everything else is another service's, e.g. what Langfuse's runner sends home.
        return json.dumps(self._judge.stats()).encode() if path == b"/stats" else b"{}"

    def _begin(self, body: bytes) -> None:
        request = json.loads(body)
        prompt = next(str(m["content"]) for m in request["messages"] if m["role"] == "user")
        tokens = sum(len(message["content"]) for message in request["messages"]) // 4
        call = Call(time.time(), marker_of(prompt), str(request["model"]), tokens)
        self._judge.calls.append(call)
        if len(self._judge.bodies) < KEPT_BODIES:
            self._judge.bodies.append(body)
        fate = self._judge.fate()
        delay_s = self._judge.latency_s()
        if fate in ("reset", "rate_limited", "over_rate"):
            delay_s = 0.002
        elif fate == "hanging":
            delay_s = self._judge.faults.hang_s
        timer = asyncio.get_running_loop().call_later(delay_s, self._end, call, fate, prompt)
        self._judge.open[id(call)] = partial(self._reset, call, timer)

    def _reset(self, call: Call, timer: asyncio.TimerHandle) -> None:
        timer.cancel()
        self._end(call, "reset", "")

    def _end(self, call: Call, fate: str, prompt: str) -> None:
        del self._judge.open[id(call)]
        call.end = time.time()
        call.outcome = "gone" if self._transport.is_closing() else fate
        if fate == "reset" or call.outcome == "gone":
            self._transport.abort()
        elif fate in ("rate_limited", "over_rate"):
            wait = f"Retry-After: {self._judge.faults.retry_after:g}\r\n" if fate == "rate_limited" else ""
            self._reply(429, b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}', wait)
        elif fate == "failing":
            self._reply(500, b'{"error":{"message":"it failed","type":"server_error"}}')
        else:
            text = "{broken" if fate == "broken" else verdict(prompt)
            call.completion_tokens = len(text) // 4
            self._reply(200, completion(text, call.model, call.prompt_tokens, call.completion_tokens))

    def _reply(self, status: int, body: bytes, more: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self._transport.write(head.encode() + body)


async def serve(judge: Judge, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(judge), "127.0.0.1", port, backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--mean", type=float, default=0.2, help="seconds")
    parser.add_argument("--sigma", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(serve(Judge(Faults(mean=given.mean, sigma=given.sigma), given.seed), given.port))


if __name__ == "__main__":
    main()
