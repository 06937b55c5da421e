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
from assay.judges.schema import ResponseKind
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
    statements = [(name, s, first_statement(s, split_sentences(s.response))) for name, s in silent]
    telling = [(name, s.response[span.start : span.end]) for name, s, span in statements if span is not None]
    print(f"{len(samples):,} responses, {len(silent)} taken for refusals or small talk, {len(telling)} state something")
    for name, text in telling if options.show else ():
        print(f"  {name}: {text!r}")


if __name__ == "__main__":
    main()
