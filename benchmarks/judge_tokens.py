"""What a judge call costs in tokens: the prompt beyond the sample's own text, and the reply of a perfect judge.

    python -m benchmarks.judge_tokens --data DIR

DIR holds the labelled corpora (`ragtruth_dev.jsonl.gz`, `mtrag_dev.jsonl.gz`, `begin.jsonl.gz`). 300 rows are taken,
100 of each, by a fixed seed. Each is laid out as the judge sends it and answered as a perfect judge would: a sentence
that people marked is `not_found`, with a fragment and a reason, every other one is supported by the line of evidence
that carries most of it and, where the next one adds words of it, by that too. Beside it stand the same verdicts as the
list of claims with quotes that other judges ask for. No model is called.

On 2026-11-21 (n = 300, o200k_base): prompt overhead 262 on average, 504 at the 95th percentile, 780 at most. Where the
answer has five sentences or more, its first five were judged alone: 78 tokens on average and 85 at most where all are
supported (115 rows, claims with quotes take 571), and 17 more for a failing one, 21 at most (21 rows).

Tokens are those of the encoding o200k_base if the package `bpe-openai` is installed, whose wheel brings the vocabulary
(a development dependency). Otherwise a count by words, numbers and signs, which is said in the output. The schema is
counted as text, as providers put it into the prompt. A price equivalent counts what stands before the nonce, which is
the same in every call, at the cached price of the table (gpt-6-luna: a tenth).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from assay.judges.errors import UnjudgeableSample
from assay.judges.lexical_overlap import content_terms
from assay.judges.llm.grounding.numbering import GroundingLimits, ResponsePart, divide
from assay.judges.llm.grounding.prompt import build_messages
from assay.judges.llm.grounding.reply import REPLY_SCHEMA, parse_reply
from assay.judges.prices import PriceTable
from assay.judges.schema import Sample
from assay.judges.text.sentences import split_sentences
from benchmarks.labelled_rows import sample_of
from benchmarks.split_demo_data import Row, read_rows

FILES = ("ragtruth_dev", "mtrag_dev", "begin")
ROWS_EACH = 100
SEED = 20261121
NONCE = "0123456789abcdef"
PRICED_AS = "gpt-6-luna"
FIVE = 5
BARS = {"prompt overhead": 900, "five supported sentences": 100, "one more failing sentence": 40}

Count = Callable[[str], int]


class Call(NamedTuple):
    """One call: tokens of the prompt beyond the sample's text, and of the two replies."""

    overhead_raw: int
    overhead_priced: float
    completion: int
    claim_list: int


def counter() -> tuple[Count, str]:
    """How tokens are counted here, and its name."""
    try:
        from bpe_openai import get_encoding
    except ImportError:
        pieces = re.compile(r" ?[^\W\d_]{1,8}|\d{1,3}|[^\w\s]{1,3}|\s+")
        return (lambda text: len(pieces.findall(text))), "an approximation by words, numbers and signs"
    encoding = get_encoding("o200k_base")
    return (lambda text: len(encoding.encode(text))), "o200k_base (bpe-openai)"


def measure(row: Row, count: Count, discount: float) -> list[Call]:
    """The calls of one row."""
    sample = sample_of(row)
    limits = GroundingLimits()
    try:
        parts = divide(sample, limits)
    except UnjudgeableSample:
        return []
    return [_call(sample, part, row, limits, count, discount) for part in parts]


def _call(  # what a call is made of
    sample: Sample, part: ResponsePart, row: Row, limits: GroundingLimits, count: Count, discount: float
) -> Call:
    system, user = build_messages(sample, part, nonce=NONCE, limits=limits)
    prefix = count(system.content) + count(json.dumps(REPLY_SCHEMA, separators=(",", ":")))
    own = sum(count(text) for text in _own_texts(sample, part))
    rest = count(user.content) - own
    reply, claims, _ = _replies(sample, part, row)
    parse_reply(reply, part.sentences)
    return Call(
        overhead_raw=prefix + rest,
        overhead_priced=discount * prefix + rest,
        completion=count(reply),
        claim_list=count(claims),
    )


def _own_texts(sample: Sample, part: ResponsePart) -> list[str]:
    """The sample's own text as any judge would have to send it."""
    contexts = [sample.contexts[e.context][e.start : e.end] for e in part.evidence.values()]
    spans = list(part.sentences.values())
    turns = [turn.content for turn in sample.history]
    return [sample.question, *turns, " ".join(contexts), sample.response[spans[0].start : spans[-1].end]]


class Five(NamedTuple):
    """Tokens of the replies on a response's first five sentences: as people marked them, and as if none had failed."""

    failing: int
    completion: int
    completion_supported: int
    claim_list: int
    claim_list_supported: int


def first_five(row: Row, count: Count) -> Five | None:
    """What judging the first five sentences of a row's response takes. None where it has fewer."""
    sample = sample_of(row)
    spans = split_sentences(sample.response)
    if len(spans) < FIVE:
        return None
    cut = sample.model_copy(update={"response": sample.response[: spans[FIVE - 1].end]})
    (part, *_) = divide(cut, GroundingLimits())
    if len(part.sentences) != FIVE:
        return None
    reply, claims, failing = _replies(cut, part, row)
    good, good_claims, _ = _replies(cut, part, row | {"spans": [], "label": 0})
    return Five(failing, *map(count, (reply, good, claims, good_claims)))


def _replies(sample: Sample, part: ResponsePart, row: Row) -> tuple[str, str, int]:
    """The compact reply, the list of claims with quotes, and how many sentences fail."""
    lines = {n: sample.contexts[e.context][e.start : e.end] for n, e in part.evidence.items()}
    terms = {n: content_terms(text) for n, text in lines.items()}
    entries: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    failing = 0
    for n, span in part.sentences.items():
        text = sample.response[span.start : span.end]
        marked = [s for s in row["spans"] if s["start"] < span.end and span.start < s["end"]]
        if marked or (row["label"] and not row["spans"]):
            failing += 1
            fragment = _fragment(sample.response, marked)
            reason = "the evidence says nothing of the kind"
            entries.append({"not_found": n, "p": 90, "severity": "material", "fragment": fragment, "reason": reason})
            claims.append({"claim": text, "verdict": "not_found", "confidence": 0.9, "quote": None, "reason": reason})
        else:
            cited = _carrying(content_terms(text), terms)
            entries.append({"supported": n, "evidence": cited, "p": 97})
            quote = " ".join(lines[number] for number in cited)
            claims.append({"claim": text, "verdict": "supported", "confidence": 0.97, "quote": quote})
    compact = json.dumps({"kind": "answer", "sentences": entries}, separators=(",", ":"), ensure_ascii=False)
    listed = json.dumps({"claims": claims}, separators=(",", ":"), ensure_ascii=False)
    return compact, listed, failing


def _fragment(response: str, marked: Sequence[dict[str, Any]]) -> str | None:
    """The first words that people marked, a few of them."""
    if not marked:
        return None
    return " ".join(response[marked[0]["start"] : marked[0]["end"]].split()[:6])


def _carrying(wanted: frozenset[str], terms: dict[int, frozenset[str]]) -> list[int]:
    """The line that carries most, and the next one if it adds two words or more."""
    first = max(terms, key=lambda n: (len(wanted & terms[n]), -n), default=None)
    if first is None:
        return [1]
    left = wanted - terms[first]
    second = max(terms, key=lambda n: (len(left & terms[n]), -n))
    return [first, second] if len(left & terms[second]) > 1 else [first]


def _line(name: str, values: Sequence[float], bar: int | None = None) -> str:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    wanted = "" if bar is None else f"   (bar: {bar})"
    return f"  {name:44s} mean {statistics.fmean(values):7.1f}   p95 {p95:7.1f}   max {ordered[-1]:7.1f}{wanted}"


def _within(values: Sequence[float], bar: int) -> str:
    return f"  {sum(value <= bar for value in values)} of {len(values)} are within the bar"


def report(calls: Sequence[Call], fives: Sequence[Five], rows: int, tokenizer: str, discount: float) -> str:
    """The figures as text."""
    good = [five for five in fives if not five.failing]
    bad = [five for five in fives if five.failing]
    more = [(five.completion - five.completion_supported) / five.failing for five in bad]
    more_listed = [(five.claim_list - five.claim_list_supported) / five.failing for five in bad]
    supported, failing = "five supported sentences", "one more failing sentence"
    return "\n".join(
        [
            f"{rows} rows, {len(calls)} calls; tokens: {tokenizer}",
            f"prompt beyond the sample's own text (cached prefix at {discount:g} of the price)",
            _line("raw", [call.overhead_raw for call in calls]),
            _line("price equivalent", [call.overhead_priced for call in calls], BARS["prompt overhead"]),
            _within([call.overhead_priced for call in calls], BARS["prompt overhead"]),
            f"completion on the first five sentences: {len(good)} rows where none fails, {len(bad)} where some do",
            _line(f"this format: {supported}", [five.completion for five in good], BARS[supported]),
            _within([five.completion for five in good], BARS[supported]),
            _line(f"this format: {failing}", more, BARS[failing]),
            _within(more, BARS[failing]),
            _line(f"claims with quotes: {supported}", [five.claim_list for five in good]),
            _line(f"claims with quotes: {failing}", more_listed),
            f"all completions: {sum(call.completion for call in calls):,} tokens; "
            f"as claims with quotes {sum(call.claim_list for call in calls):,}",
        ]
    )


def main() -> None:
    """Read, lay out, count, print."""
    parser = argparse.ArgumentParser(description="Tokens of the LLM judge's prompt and reply.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled corpora")
    options = parser.parse_args()
    price = PriceTable.load().models[PRICED_AS]
    discount = price.cached_input / price.input
    count, tokenizer = counter()
    chosen: list[Row] = []
    for name in FILES:
        rows = [row for row in read_rows(options.data / f"{name}.jsonl.gz") if any(c.strip() for c in row["context"])]
        chosen += random.Random(SEED).sample(rows, ROWS_EACH)
    calls = [call for row in chosen for call in measure(row, count, discount)]
    fives = [five for row in chosen if (five := first_five(row, count)) is not None]
    print(report(calls, fives, len(chosen), tokenizer, discount))


if __name__ == "__main__":
    main()
