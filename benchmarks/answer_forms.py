"""The same answers in other forms: does a citation mark, a list or a JSON shell change what the judge says of them?

    python -m benchmarks.answer_forms --data DIR

DIR holds `mtrag_dev.jsonl.gz`. Each answer is rewritten into every form, its evidence and its label untouched. Flagged
is the share of clean answers with a risk of 0.5 or more; AUROC compares the risks with the labels. The first table is
of the local judge. The second is of our rules over the word of a judge model that supports every sentence and cites the
best line: which share of the answers has a sentence overturned.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.schema import ClaimVerdict, Sample, Scored
from assay.judges.text.sentences import split_sentences
from assay.judges.text.words import STOP_WORDS
from assay.worker.statistics.agreement import auroc
from benchmarks.labelled_rows import sample_of
from benchmarks.obliging_judge import concluded
from benchmarks.split_demo_data import read_rows

RUBRICS = Path(__file__).parents[1] / "rubrics"
FLAGGED = 0.5
_STOP = re.compile(r"(?<!\s\d)(?<!\s\d\d)(?<=\w)[.!?]$")
"""The stop of a sentence, e.g. `2023.`, and not that of a list number, e.g. `such as: 1.`."""

SHORTEST = 20
"""Characters of a piece that is cited: shorter ones are list numbers and halves of abbreviations."""


def _each_stop(mark: Callable[[int], str], *, after: bool = False) -> Callable[[str], str]:
    """A mark before (or after) the stop that ends each sentence; its number is 1 to 3 in turn."""

    def rewrite(text: str) -> str:
        pieces, position = [], 0
        for count, span in enumerate(split_sentences(text)):
            written = text[span.start : span.end]
            if len(written) < SHORTEST or not _STOP.search(written):
                continue
            at = span.end if after else span.end - 1
            pieces += [text[position:at], mark(count % 3 + 1)]
            position = at
        return "".join((*pieces, text[position:]))

    return rewrite


def _by_sentence(line: Callable[[int, str], str], joined: str = "\n") -> Callable[[str], str]:
    def rewrite(text: str) -> str:
        pieces = (text[span.start : span.end].replace("\n", " ") for span in split_sentences(text))
        parts = [part for piece in pieces if len(part := _ITEM.sub("", piece)) > 2]
        return joined.join(line(number, part) for number, part in enumerate(parts, start=1))

    return rewrite


def _lowered(part: str) -> str:
    """The sentence as it goes on after a lead: its first word in lower case where it is no name."""
    first, space, rest = part.partition(" ")
    return f"{first.lower()}{space}{rest}" if first.lower() in STOP_WORDS else part


_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s*")
"""What a list item begins with: the form has numbers of its own."""


def _table(text: str) -> str:
    rows = _by_sentence(lambda n, part: f"| {n} | {part.replace('|', '/')} |")(text)
    return f"| # | Statement |\n|---|---|\n{rows}"


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "[1] before stops": _each_stop(lambda n: f" [{n}]"),
    "[1] after stops": _each_stop(lambda n: f"[{n}]", after=True),
    "[1][2]": _each_stop(lambda n: f" [{n}][{n % 3 + 1}]"),
    "(1)": _each_stop(lambda n: f" ({n})"),
    "[doc1]": _each_stop(lambda n: f" [doc{n}]"),
    "【4:0†source】": _each_stop(lambda n: f"【{n}:0†source】"),
    "[^1]": _each_stop(lambda n: f"[^{n}]"),
    "superscript": _each_stop(lambda n: "¹²³"[n - 1]),
    "(Source 2)": _each_stop(lambda n: f" (Source {n})"),
    "Markdown link": _each_stop(lambda n: f" [source](https://docs.example.com/kb/{n}41)"),
    "Sources: list": lambda text: f"{text}\n\nSources:\n[1] handbook-2024.pdf, p. 12\n[2] https://example.com/faq",
    "References, bullets": lambda text: (
        f"{text}\n\n**References**\n- Employee Handbook.pdf\n- https://intra.example.com/x/77"
    ),
    "table": _table,
    "JSON": lambda text: json.dumps({"answer": text, "confidence": 0.93, "sources": ["doc1.pdf"]}, ensure_ascii=False),
    "Step 1:": _by_sentence(lambda n, part: f"Step {n}: {part}"),
    "1. list": _by_sentence(lambda n, part: f"{n}. {part}"),
    "(1) inline": _by_sentence(lambda n, part: f"({n}) {part}", " "),
    "1️⃣": _by_sentence(lambda n, part: f"{n}\ufe0f\u20e3 {part}" if n < 10 else part),
    "bullets": _by_sentence(lambda n, part: f"- {part}"),
    "## heading": lambda text: f"## 1. Answer\n\n{text}",
    "According to passage 2,": _by_sentence(lambda n, part: f"According to passage {n % 3 + 1}, {_lowered(part)}", " "),
    "bold + courtesy": lambda text: (
        f"Sure! Here is what I found.\n\n**{text.split(' ')[0]}** "
        f"{' '.join(text.split(' ')[1:])}\n\nLet me know if you need anything else!"
    ),
}


def main() -> None:
    """Judge every form and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    rows = read_rows(options.data / "mtrag_dev.jsonl.gz")
    local = Evaluator(load_rubric(RUBRICS / "grounding.yaml", {}), LocalJudge())
    llm = load_rubric(RUBRICS / "grounding-llm.yaml", {"ASSAY_JUDGE_MODEL": "m"})
    labels = np.array([row["label"] for row in rows])
    print(f"{len(rows)} answers, {int(labels.sum())} marked by people")
    print(f"{'form':26s} {'clean flagged':>14s} {'AUROC':>7s} {'overturned, clean':>18s}")
    for name, rewrite in FORMS.items():
        samples = [_rewritten(sample_of(row), rewrite) for row in rows]
        risks = np.array([asyncio.run(_risk(local, sample)) for sample in samples])
        clean = labels == 0
        fallen = [_overturned(sample, llm) for sample, label in zip(samples, labels, strict=True) if label == 0]
        flagged, rank = np.mean(risks[clean] >= FLAGGED), auroc(labels.tolist(), risks.tolist()) or 0
        print(f"{name:26s} {flagged:14.1%} {rank:7.3f} {np.mean(fallen):18.1%}", flush=True)


def _rewritten(sample: Sample, rewrite: Callable[[str], str]) -> Sample:
    return sample.model_copy(update={"response": rewrite(sample.response)})


async def _risk(local: Evaluator, sample: Sample) -> float:
    """The risk; 0 where there is none, as nothing is flagged then."""
    outcome = await local.evaluate(sample)
    return outcome.scores.get("hallucination_risk", 0.0) if isinstance(outcome, Scored) else 0.0


def _overturned(sample: Sample, rubric: Rubric) -> bool:
    verdict, _ = concluded(sample, rubric, "best")
    return any(claim.verdict is not ClaimVerdict.SUPPORTED for claim in verdict.claims)


if __name__ == "__main__":
    main()
