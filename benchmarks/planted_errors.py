"""Errors planted into true sentences, by kind: how many are caught, and how often a true sentence is called wrong.

    python -m benchmarks.planted_errors --data DIR [--most N]

DIR holds the labelled corpora. Two kinds of true sentences: sentences of RAGTruth's own evidence (the response then is
that sentence with one edit, and the judge model cites it), and sentences of responses that nobody marked, of RAGTruth
and SummEdits. Claims about rows come from `planted_rows.py`. The judge model of `obliging_judge.py` supports
everything; caught is what our rules no longer count as supported, `proven` what they call contradicted. The local
judge's share is that of the risk at or over 0.5, or of a risk that an edit raised by 0.1 or more (`raised`). Shares
have Wilson intervals of 95 %.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.rules import RuleSet
from assay.judges.schema import ClaimVerdict, Sample, Scored, Span
from assay.judges.text.sentences import split_sentences
from assay.judges.tiers import conclude
from assay.worker.statistics.intervals import wilson
from benchmarks.labelled_rows import measure, read_corpora, sample_of
from benchmarks.obliging_judge import Cites, obliging_verdict
from benchmarks.planted_edits import EDITS, Edit
from benchmarks.planted_rows import FORMS, RowClaim, generated_claims, hours_claims
from benchmarks.split_demo_data import Row

SEED = 20261128
RUBRICS = Path(__file__).parents[1] / "rubrics"
FLAGGED, RAISED = 0.5, 0.1


class TrueSentence(NamedTuple):
    """A sentence that its evidence carries."""

    sample: Sample
    text: str


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    n: int

    def __str__(self) -> str:
        """The share with its interval."""
        if not self.n:
            return "–"
        interval = wilson(self.hits, self.n)
        return f"{self.hits / self.n:.1%} ({interval.low:.1%}–{interval.high:.1%})" if interval else "–"


def main() -> None:
    """Plant, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=150, help="edits of a kind and source")
    parser.add_argument(
        "--no-local", action="store_true", help="leave the local judge out, which takes most of the time"
    )
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    rubric = load_rubric(RUBRICS / "grounding-llm.yaml", {"ASSAY_JUDGE_MODEL": "m"})
    local = None if options.no_local else Evaluator(load_rubric(RUBRICS / "grounding.yaml", {}), LocalJudge())
    sources = {
        "RAGTruth evidence": evidence_sentences(corpora.ragtruth),
        "RAGTruth responses": response_sentences(corpora.ragtruth),
        "SummEdits": response_sentences([row for row in corpora.summedits if row["label"] == 0]),
    }
    for name, sentences in sources.items():
        pool = list(sentences)
        random.Random(SEED).shuffle(pool)
        print(f"\n{name}: {len(pool):,} true sentences")
        print(f"{'edit':26s} {'n':>4s}  {'caught':>22s} {'proven':>22s} {'local flagged':>22s} {'local raised':>22s}")
        _false_alarms(pool[: 4 * options.most], rubric, local)
        for kind, edit in EDITS.items():
            _print_kind(kind, list(planted(pool, edit, options.most)), rubric, local)
    print("\nRow values exchanged")
    _print_rows("hours of RAGTruth", list(hours_claims(corpora.ragtruth, options.most, SEED)), rubric, local)
    for form in FORMS:
        _print_rows(form, list(generated_claims(form, options.most, SEED)), rubric, local)


def _print_rows(form: str, claims: Sequence[RowClaim], rubric: Rubric, local: Evaluator | None) -> None:
    """The claims as they are, then those with another row's value."""
    told = [(TrueSentence(claim.sample, claim.text), claim) for claim in claims]
    _print_kind(f"none, {form}", [(sentence, claim.text) for sentence, claim in told], rubric, local)
    _print_kind(form, [(sentence, claim.exchanged) for sentence, claim in told], rubric, local)


def evidence_sentences(rows: Sequence[Row]) -> Iterator[TrueSentence]:
    """Sentences of the evidence, each with the evidence it stands in; every text once."""
    seen: set[str] = set()
    for row in rows:
        sample = sample_of(row)
        for context in sample.contexts:
            for span in split_sentences(context):
                text = context[span.start : span.end].strip()
                if 40 <= len(text) <= 300 and "\n" not in text and text not in seen and '":' not in text:
                    seen.add(text)
                    yield TrueSentence(sample, text)


def response_sentences(rows: Sequence[Row]) -> Iterator[TrueSentence]:
    """Check-worthy sentences of responses that nobody marked."""
    from assay.judges.local.model import load_word_weights

    for item in measure([row for row in rows if row["label"] == 0], load_word_weights()):
        sample = sample_of(item.row)
        for view in item.sentences:
            yield TrueSentence(sample, sample.response[view.span.start : view.span.end])


def planted(pool: Iterable[TrueSentence], edit: Edit, most: int) -> Iterator[tuple[TrueSentence, str]]:
    """True sentences with an edited form, at most so many."""
    draw = random.Random(SEED)
    found = 0
    for sentence in pool:
        edited = edit(sentence.text, sentence.sample, draw)
        if edited is not None and edited != sentence.text:
            yield sentence, edited
            found += 1
            if found == most:
                return


def _false_alarms(pool: Sequence[TrueSentence], rubric: Rubric, local: Evaluator | None) -> None:
    cites: Sequence[Cites] = ("best", "all")
    for cited in cites:
        after = [_ruled(sentence.sample, sentence.text, rubric, cited) for sentence in pool]
        fallen = Share(sum(verdict is not ClaimVerdict.SUPPORTED for verdict in after), len(after))
        proven = Share(sum(verdict is ClaimVerdict.CONTRADICTED for verdict in after), len(after))
        flagged = Share(0, 0)
        if local is not None and cited == "best":
            risks = [_risk(local, sentence.sample, sentence.text) for sentence in pool]
            flagged = Share(sum(risk >= FLAGGED for risk in risks), len(risks))
        print(f"{'none, cites ' + cited:26s} {len(pool):4d}  {fallen!s:>22s} {proven!s:>22s} {flagged!s:>22s}")


def _print_kind(kind: str, edits: Sequence[tuple[TrueSentence, str]], rubric: Rubric, local: Evaluator | None) -> None:
    after = [_ruled(sentence.sample, edited, rubric, "best") for sentence, edited in edits]
    n = len(edits)
    caught = Share(sum(verdict is not ClaimVerdict.SUPPORTED for verdict in after), n)
    proven = Share(sum(verdict is ClaimVerdict.CONTRADICTED for verdict in after), n)
    flagged = raised = Share(0, 0)
    if local is not None:
        risks = [(_risk(local, s.sample, s.text), _risk(local, s.sample, edited)) for s, edited in edits]
        flagged = Share(sum(risk >= FLAGGED for _, risk in risks), n)
        raised = Share(sum(risk >= FLAGGED or risk - before >= RAISED for before, risk in risks), n)
    print(f"{kind:26s} {n:4d}  {caught!s:>22s} {proven!s:>22s} {flagged!s:>22s} {raised!s:>22s}")


def _ruled(sample: Sample, text: str, rubric: Rubric, cites: Cites) -> ClaimVerdict:
    """What becomes of one sentence, supported by the model, after our rules: the worst of its claims."""
    alone = sample.model_copy(update={"response": text})
    spans = split_sentences(text) or [Span(start=0, end=len(text))]
    rules = RuleSet(rubric.rules, rubric.name)
    verdict = conclude(alone, obliging_verdict(alone, spans, cites), rules, None)
    states = {claim.verdict for claim in verdict.claims}
    order = (ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND)
    return next((state for state in order if state in states), ClaimVerdict.SUPPORTED)


def _risk(local: Evaluator, sample: Sample, text: str) -> float:
    outcome = asyncio.run(local.evaluate(sample.model_copy(update={"response": text})))
    return outcome.scores.get("hallucination_risk", 0.0) if isinstance(outcome, Scored) else 0.0


if __name__ == "__main__":
    main()
