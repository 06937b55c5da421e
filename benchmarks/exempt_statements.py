"""How often a response that seems to claim nothing states a fact after all, and what the rule about it catches.

    python -m benchmarks.exempt_statements --data DIR [--show]

DIR holds the labelled corpora. Of RAGTruth, MTRAG and BEGIN, every response that the local judge's patterns take for a
refusal or small talk. `restatements.first_statement` finds the ones with a sentence that tells what the evidence
tells. A judge that says of one of these that there is nothing to check is asked again, then not believed. `--show`
prints the sentences, for a person to say which of them state a fact.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assay.judges.local.kind import response_kind
from assay.judges.schema import ResponseKind, Sample
from assay.judges.text.assertions import asserts
from assay.judges.text.form import statements, without_form
from assay.judges.text.restatements import first_statement
from assay.judges.text.sentences import split_sentences
from benchmarks.labelled_rows import read_corpora, sample_of

CORPORA = ("ragtruth", "mtrag", "begin")


def main() -> None:
    """Read, look, print."""
    parser = argparse.ArgumentParser(description="Responses said to claim nothing that state something.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled corpora")
    parser.add_argument("--show", action="store_true", help="print the sentences")
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    rows = [(name, row) for name in CORPORA for row in getattr(corpora, name)]
    samples = [(name, sample_of(row)) for name, row in rows]
    silent = [row for row in samples if response_kind(row[1].response) is not ResponseKind.ANSWER]
    restated = [(name, s, first_statement(s, split_sentences(s.response))) for name, s in silent]
    telling = [(name, s.response[span.start : span.end]) for name, s, span in restated if span is not None]
    print(f"{len(samples):,} responses, {len(silent)} taken for refusals or small talk, {len(telling)} state something")
    asserted = [(name, text) for name, s in silent for text in _asserted(s)]
    caught = sum(bool(_asserted(s)) for _, s in silent)
    print(f"{caught} of {len(silent)} have a sentence in the form of a statement, which rule exempt makes a claim of")
    answers = [s for _, s in samples if response_kind(s.response) is ResponseKind.ANSWER]
    missed = sum(not _asserted(s) for s in answers)
    print(f"of {len(answers):,} answers it would leave {missed} alone if a judge called them refusals")
    for name, text in asserted if options.show else ():
        print(f"  {name}: {text!r}")
    for name, text in telling if options.show else ():
        print(f"  {name}: {text!r}")


def _asserted(sample: Sample) -> list[str]:
    """The sentences of a response that state something by their form."""
    read = without_form(sample.response)
    texts = (read[span.start : span.end] for span in statements(sample.response))
    return [text for text in texts if asserts(text)]


if __name__ == "__main__":
    main()
