"""The same calls without a fleet: plain aiohttp, the SDK's post, or Langfuse's experiment runner, in this process.

Reads request bodies from a file of JSON lines and prints one object: seconds of processor and wall clock between the
first call and the last reply, and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.fire.traffic import marker

Send = Callable[[dict[str, Any]], Awaitable[object]]


async def _bounded(send: Send, bodies: list[dict[str, Any]], at_once: int) -> None:
    slots = asyncio.Semaphore(at_once)

    async def one_call(body: dict[str, Any]) -> None:
        async with slots:
            await send(body)

    await asyncio.gather(*map(one_call, bodies))


async def with_aiohttp(url: str, bodies: list[dict[str, Any]], at_once: int) -> None:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:

        async def send(body: dict[str, Any]) -> object:
            async with session.post(f"{url}/v1/chat/completions", json=body) as reply:
                return json.loads((await reply.json())["choices"][0]["message"]["content"])

        await _bounded(send, bodies, at_once)


async def with_sdk(url: str, bodies: list[dict[str, Any]], at_once: int) -> None:
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-fire", http_client=DefaultAioHttpClient()) as client:

        async def send(body: dict[str, Any]) -> object:
            reply = await client.post("/chat/completions", cast_to=object, body=body)
            return json.loads(reply["choices"][0]["message"]["content"])  # type: ignore[index]

        await _bounded(send, bodies, at_once)


def with_langfuse(url: str, bodies: list[dict[str, Any]], at_once: int) -> None:
    """Langfuse's runner over local items: the task is a recorded answer, the evaluator one call with the same body."""
    from langfuse import Evaluation, Langfuse
    from openai import AsyncOpenAI, DefaultAioHttpClient

    judge = AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-fire", http_client=DefaultAioHttpClient())
    langfuse = Langfuse(public_key="pk-fire", secret_key="sk-fire", base_url=url)

    async def task(*, item: Any, **_: Any) -> str:
        return str(item["expected_output"])

    async def grounded(*, input: Any, **_: Any) -> Evaluation:  # noqa: A002  # the runner's name
        reply = await judge.post("/chat/completions", cast_to=object, body=input)
        sentences = json.loads(reply["choices"][0]["message"]["content"])["sentences"]  # type: ignore[index]
        supported = sum("supported" in entry for entry in sentences)
        return Evaluation(name="groundedness", value=supported / len(sentences))

    items: Any = [{"input": body, "expected_output": "the answer"} for body in bodies]
    langfuse.run_experiment(name="fire", data=items, task=task, evaluators=[grounded], max_concurrency=at_once)
    langfuse.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how", choices=["aiohttp", "sdk", "langfuse"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--bodies", required=True, type=Path)
    parser.add_argument("--calls", required=True, type=int)
    parser.add_argument("--at-once", required=True, type=int)
    given = parser.parse_args()
    kept = [json.loads(line) for line in given.bodies.read_text().splitlines()]
    bodies = [{**kept[n % len(kept)], "user": marker(n)} for n in range(given.calls)]
    cpu, wall = time.process_time(), time.monotonic()
    if given.how == "langfuse":
        with_langfuse(given.url, bodies, given.at_once)
    else:
        asyncio.run({"aiohttp": with_aiohttp, "sdk": with_sdk}[given.how](given.url, bodies, given.at_once))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall, "rss_mb": peak}))


if __name__ == "__main__":
    main()
