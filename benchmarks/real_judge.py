r"""How well a small chat model judges through the whole path, beside the local judge on the same rows.

    python -m venv /tmp/llama && /tmp/llama/bin/pip install xllamacpp
    python -m benchmarks.real_judge --data ragtruth_dev.jsonl.gz --model MODEL.gguf --python /tmp/llama/bin/python \
        --out verdicts.jsonl [--rows 100] [--forms table,sentences]

Rows are RAGTruth's question answering with the shortest evidence and answer, half of them marked by people, in turn.
The model runs on llama.cpp's own server. Forms: `table` is the claim table as the judge always asks, held to the
sentences of each call by the server's grammar; `sentences` asks one sentence a call and reads two words' probabilities.
Verdicts are kept in `--out`: a second run goes on where the first was stopped, and with all of them there only prints.
The cascade is the shipped one: local first, the model where the local judge is unsure, from the same verdicts.

What the figures are worth: one small model, short answers, few rows. They say whether the path works and whether a
form carries information at all, not how a large model judges.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from assay.judges.base import Judge
from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.errors import EvaluationError, InvalidVerdict
from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.registry import build_judge
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import Sample, Scored, Usage, Verdict
from assay.worker.statistics.agreement import auroc_estimate, class_rates
from benchmarks.example_copying import copies_example
from benchmarks.labelled_rows import sample_of
from benchmarks.llama_process import llama_server
from benchmarks.split_demo_data import Row, read_rows

TASK = "QA"
CUT = 0.5
MODEL = "small-judge"
TIMEOUT_S = 900.0
"""One call on two busy cores: up to 2,000 tokens of prompt at 20 a second, 300 of completion at 2."""

FORMS = ("table", "sentences")
RUBRIC = """
name: real-judge-{form}
judge:
  tiers: [{tiers}]
  llm: {{model: {model}, ask: {form}, max_calls: 200}}
  escalate_when: {{risk_between: [0.2, 0.8]}}
  audit_share: 0
rules: {{values: [number, date, money, percent]}}
"""


class Kept(NamedTuple):
    """One judgement as it is kept: the verdict before rules, or the error."""

    id: str
    form: str
    seconds: float
    verdict: Verdict | None
    error: str = ""

    @classmethod
    def read(cls, line: str) -> Kept:
        """A line of the file."""
        kept = json.loads(line)
        verdict = None if kept["verdict"] is None else Verdict.model_validate(kept["verdict"])
        return cls(kept["id"], kept["form"], kept["seconds"], verdict, kept["error"])

    def line(self) -> str:
        """The line of the file."""
        verdict = None if self.verdict is None else self.verdict.model_dump(mode="json")
        return json.dumps({**self._asdict(), "verdict": verdict}) + "\n"


class Replayed:
    """A judge that gives verdicts which are there already."""

    def __init__(self, inner: Judge, verdicts: Iterable[Kept]) -> None:
        self.name, self.fingerprint = inner.name, inner.fingerprint
        self._verdicts = {kept.id: kept for kept in verdicts}

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """The verdict of before. An error of before stays one."""
        kept = self._verdicts[sample.id]
        if kept.verdict is None:
            raise InvalidVerdict(kept.error)
        return kept.verdict

    async def close(self) -> None:
        """Nothing is open."""


def chosen_rows(file: Path, count: int) -> list[Row]:
    """Marked and unmarked rows in turn, of each the shortest."""
    rows = [row for row in read_rows(file) if row.get("task") == TASK and row["context"]]
    rows.sort(key=lambda row: (sum(map(len, row["context"])) + len(row["response"]), row["id"]))
    marked, clean = ([row for row in rows if bool(row["label"]) is label] for label in (True, False))
    return [row for pair in zip(marked, clean, strict=False) for row in pair][:count]


def rubric_of(form: str, tiers: str = "llm") -> Rubric:
    """The rubric by which a form is asked."""
    return parse_rubric(RUBRIC.format(form=form, tiers=tiers, model=MODEL), source="benchmarks/real_judge.py")


async def judge_rows(url: str, rows: Sequence[Row], form: str, out: Path) -> None:
    """Judge one after the other, as the server holds one prompt, and keep each verdict at once."""
    rubric = rubric_of(form)
    place = EndpointSettings(url=f"{url}/v1", timeout_s=TIMEOUT_S, attempts=1, exact_schema=True)
    model = HttpChatModel(MODEL, place)
    judge = build_judge(rubric, "llm", lambda named: model)
    try:
        for number, row in enumerate(rows, start=1):
            kept = await _judged(judge, rubric, row, form)
            with out.open("a", encoding="utf-8") as file:
                file.write(kept.line())
            print(f"{form} {number}/{len(rows)}: {kept.seconds:.0f} s {kept.error[:100]}", flush=True)
    finally:
        await judge.close()
    known = KNOWN_FORMS.get(f"{url}/v1/chat/completions", MODEL)
    print(f"{form}: asked by {known.json_form.value}, token probabilities {'given' if known.logprobs else 'refused'}")


async def _judged(judge: Judge, rubric: Rubric, row: Row, form: str) -> Kept:
    started = time.perf_counter()
    try:
        verdict, error = await judge.assess(sample_of(row), rubric), ""
    except EvaluationError as exc:
        verdict, error = None, f"{type(exc).__name__}: {exc}"
    return Kept(row["id"], form, time.perf_counter() - started, verdict, error)


class Figures(NamedTuple):
    """What a judge came to on the rows: its risk of each, None where it has none, and what became of the rest."""

    name: str
    risks: list[float | None]
    ends: Counter[str]


async def judged_again(name: str, evaluator: Evaluator, rows: Sequence[Row]) -> Figures:
    """The published risks of an evaluator."""
    risks: list[float | None] = []
    ends: Counter[str] = Counter()
    for row in rows:
        outcome = await evaluator.evaluate(sample_of(row))
        risks.append(outcome.scores.get("hallucination_risk") if isinstance(outcome, Scored) else None)
        ends[str(outcome.state) if isinstance(outcome, Scored) else outcome.outcome] += 1
    return Figures(name, risks, ends)


def table_lines(rows: Sequence[Row], figures: Iterable[Figures]) -> Iterator[str]:
    """Accuracy of each judge, on the rows for which it has a risk."""
    yield f"{'judge':22s} {'n':>4s}  {'AUROC (95 %)':22s} {'balanced accuracy':22s} ends"
    for judge in figures:
        pairs = [(row, risk) for row, risk in zip(rows, judge.risks, strict=True) if risk is not None]
        labels, risks = [int(bool(row["label"])) for row, _ in pairs], [risk for _, risk in pairs]
        clusters = [row["source_id"] for row, _ in pairs]
        area = auroc_estimate(labels, risks, clusters=clusters) if pairs else None
        rates = class_rates(labels, [risk >= CUT for risk in risks], clusters=clusters) if pairs else None
        shown = "–" if area is None else f"{area.value:.2f} ({area.low:.2f}–{area.high:.2f})"
        even = rates.balanced_accuracy if rates else None
        balanced = "–" if even is None else f"{even.value:.2f} ({even.low:.2f}–{even.high:.2f})"
        yield f"{judge.name:22s} {len(pairs):4d}  {shown:22s} {balanced:22s} {dict(judge.ends)}"


def cost_line(form: str, kept: Sequence[Kept]) -> str:
    """Seconds, calls and tokens of a form."""
    verdicts = [each.verdict for each in kept if each.verdict is not None]
    usage = sum((verdict.usage for verdict in verdicts), start=Usage())
    seconds = sorted(each.seconds for each in kept)
    copied = sum(copies_example(_verdicts(verdict)) for verdict in verdicts)
    return (
        f"{form}: {len(kept)} rows, median {seconds[len(seconds) // 2]:.0f} s, longest {seconds[-1]:.0f} s; of "
        f"{len(verdicts)} verdicts {usage.calls} calls, {usage.prompt_tokens:,} tokens in, {usage.cached_tokens:,} "
        f"cached, {usage.completion_tokens:,} out; {copied} begin with the verdicts of the prompt's example"
    )


def _verdicts(verdict: Verdict) -> list[str]:
    """The verdicts in the order of the response, as the examples of the prompt have them."""
    claims = [(claim.span.start, claim.verdict.value) for claim in verdict.claims]
    rest = [(span.start, "not_checkworthy") for span in verdict.not_checkworthy]
    return [word for _, word in sorted(claims + rest)]


async def report(rows: Sequence[Row], kept: Sequence[Kept], forms: Sequence[str]) -> list[str]:
    """All that is printed at the end."""
    local = Evaluator(rubric_of("table", "local"), LocalJudge())
    figures = [await judged_again("local", local, rows)]
    costs = []
    for form in forms:
        of_form = [each for each in kept if each.form == form]
        there = {each.id for each in of_form}
        if any(row["id"] not in there for row in rows):
            continue
        rubric, both = rubric_of(form), rubric_of(form, "local, llm")
        inner = build_judge(rubric, "llm", lambda named: HttpChatModel(MODEL, EndpointSettings()))
        replayed = Replayed(inner, of_form)
        figures.append(await judged_again(f"model, {form}", Evaluator(rubric, replayed), rows))
        cascade = Cascade([CascadeTier(LocalJudge()), CascadeTier(replayed)], both)
        figures.append(await judged_again(f"cascade, {form}", Evaluator(both, cascade), rows))
        costs.append(cost_line(form, of_form))
    marked = sum(bool(row["label"]) for row in rows)
    return [f"{len(rows)} rows, {marked} marked by people", *table_lines(rows, figures), *costs]


def main() -> None:
    """Judge what is not judged yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="RAGTruth rows, e.g. ragtruth_dev.jsonl.gz")
    parser.add_argument("--model", type=Path, help="the weights, a GGUF file; none: print what is there")
    parser.add_argument("--python", type=Path, help="of an environment that holds xllamacpp")
    parser.add_argument("--out", type=Path, required=True, help="where verdicts are kept")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rows, forms = chosen_rows(options.data, options.rows), options.forms.split(",")
    kept = [Kept.read(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    done = {(each.form, each.id) for each in kept}
    if options.model is not None:
        with llama_server(options.python, options.model, "--threads", str(options.threads)) as url:
            for form in forms:
                left = [row for row in rows if (form, row["id"]) not in done]
                asyncio.run(judge_rows(url, left, form, options.out))
        kept = [Kept.read(line) for line in options.out.read_text().splitlines()]
    print("\n".join(asyncio.run(report(rows, kept, forms))))


if __name__ == "__main__":
    main()
