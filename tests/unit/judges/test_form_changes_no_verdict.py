"""The form of an answer changes no verdict: neither the local judge's, nor what the rules make of a model's word."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import assay.worker.demo
from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import load_rubric
from assay.judges.schema import Sample, Scored, Verdict
from benchmarks.answer_forms import FORMS
from benchmarks.labelled_rows import sample_of
from benchmarks.obliging_judge import concluded

DATA = Path(assay.worker.demo.__path__[0]) / "data"
RUBRICS = Path(__file__).parents[3] / "rubrics"
LOCAL = Evaluator(load_rubric(RUBRICS / "grounding.yaml", {}), LocalJudge())
MODEL = load_rubric(RUBRICS / "grounding-llm.yaml", {"ASSAY_JUDGE_MODEL": "m"})

MARKS = [
    " [{}]",
    "[{}][2]",
    " [doc{}]",
    "【{}:0†source】",
    "[^{}]",
    " (Source {})",
    " [source](https://docs.example.com/kb/{}41)",
]
MARKS += ["［{}］", " [web:{}]", " [source: handbook-{}.pdf, p. 47]", " (see §{}4)", " [KB-{}234]", " [file_{}.md]"]
FOOTERS = [
    "\n\nSources:\n[1] handbook-2024.pdf, p. 12\n[2] https://example.com/faq",
    "\n\n**References**\n- Employee Handbook.pdf\n- https://intra.example.com/x/77",
    "\n\nSource: handbook-2024.pdf, page 12",
    "\n\n[1]: https://example.com/2024\n[2]: https://example.com/faq",
    "\n\nQuellen:\n1. Handbuch 2024, S. 12",
    "\n\nLet me know if you need more details!",
]
NUMBERS = ["{}. ", "({}) ", "{}) ", "Step {}: ", "**{}.** ", "Schritt {}: "]
SPELLINGS = [
    (re.compile(r"(?<![\d.,])([1-9]\d?),(\d{3})(?![\d,.])"), r"\1\2"),
    (re.compile(r"(?<=\d)%"), " percent"),
    (re.compile(r"(?<=\d) percent\b"), "%"),
    (re.compile(r"\bthree (?=\w+s\b)"), "3 "),
]
"""Other spellings of equal values."""

_STOP = re.compile(r"(?<=\w{4})[.!?](?=\s+[A-Z]|$)")
"""A stop that ends a sentence beyond doubt."""


def read_rows(name: str) -> list[Sample]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [sample_of(json.loads(line)) for line in lines]


@lru_cache(maxsize=1)
def rows() -> list[Sample]:
    """Real answers over real evidence: some of the demo's."""
    return [*read_rows("mtrag")[:196:7], *read_rows("begin")[:196:7]]


def rewritten(sample: Sample, response: str) -> Sample:
    return sample.model_copy(update={"response": response})


def judged(sample: Sample) -> tuple[object, ...]:
    """What the local judge and the rules say: state, risk and the verdicts, whatever the order of claims."""
    outcome = asyncio.run(LOCAL.evaluate(sample))
    local = (
        (outcome.state, round(outcome.scores.get("hallucination_risk", -1), 9)) if isinstance(outcome, Scored) else ()
    )
    verdict = outcome.verdict if isinstance(outcome, Scored) else None
    return local, verdicts(verdict), verdicts(concluded(sample, MODEL, "best")[0])


def verdicts(verdict: Verdict | None) -> Counter[str]:
    return Counter(claim.verdict.value for claim in verdict.claims) if verdict else Counter()


def numbered(number: str) -> Callable[[str], str]:
    """Every sentence on a line of its own, after a number."""

    def rewrite(text: str) -> str:
        lines = FORMS["bullets"](text).split("\n")
        return "\n".join(line.replace("- ", number.format(place), 1) for place, line in enumerate(lines, start=1))

    return rewrite


@given(st.sampled_from(range(56)), st.sampled_from(MARKS), st.booleans(), st.sampled_from(["", *FOOTERS]))
@settings(max_examples=60, deadline=None)
def test_marks_and_lists_of_sources_change_no_verdict(number: int, mark: str, after: bool, footer: str) -> None:
    sample = rows()[number]
    places = [match.end() if after else match.start() for match in _STOP.finditer(sample.response)]
    pieces = [sample.response[start:end] for start, end in zip([0, *places], [*places, None], strict=True)]
    marked = "".join(piece + mark.format(count % 3 + 1) for count, piece in enumerate(pieces[:-1])) + pieces[-1]
    assert judged(rewritten(sample, marked + footer)) == judged(sample)


@given(st.sampled_from(range(56)), st.sampled_from(NUMBERS))
@settings(max_examples=30, deadline=None)
def test_numbering_changes_no_verdict(number: int, style: str) -> None:
    sample = rows()[number]
    plain = rewritten(sample, FORMS["bullets"](sample.response))
    assert judged(rewritten(sample, numbered(style)(sample.response)))[1:] == judged(plain)[1:]


@given(
    st.sampled_from(range(56)),
    st.sampled_from(["## Answer\n\n{}", "<answer>{}</answer>\n<confidence>0.93</confidence>", "Sure!\n\n{}"]),
)
@settings(max_examples=30, deadline=None)
def test_a_heading_or_a_shell_changes_no_verdict(number: int, shell: str) -> None:
    sample = rows()[number]
    assert judged(rewritten(sample, shell.replace("{}", sample.response))) == judged(sample)


@given(st.sampled_from(range(56)), st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_passages_changes_no_verdict(number: int, data: st.DataObject) -> None:
    sample = rows()[number]
    shuffled = tuple(data.draw(st.permutations(sample.contexts)))
    assert judged(sample.model_copy(update={"contexts": shuffled})) == judged(sample)


def test_another_spelling_of_an_equal_value_changes_no_verdict() -> None:
    changed = 0
    for sample in read_rows("mtrag")[::2]:
        for pattern, other in SPELLINGS:
            text = pattern.sub(other, sample.response)
            if text != sample.response:
                changed += 1
                assert judged(rewritten(sample, text))[1:] == judged(sample)[1:], text
    assert changed > 3
