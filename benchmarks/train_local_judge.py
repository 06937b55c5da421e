"""Fit the local judge on human labels.

    python -m benchmarks.train_local_judge --data DIR [--write]

DIR holds `ragtruth_dev`, `begin`, `summedits`, `factcheck_gpt_stance` and `mtrag_dev` as `.jsonl.gz`. One expert is
fitted on RAGTruth and, with less weight, SummEdits and those BEGIN rows whose evidence is long. One on all BEGIN rows
the demo does not show. Word frequencies are counted over their evidence and that of Factcheck-GPT. Penalties are chosen
inside the training data, by grouped inner folds. How good the result is, `python -m benchmarks.local_judge` prints.
Every number follows from the data alone: no randomness, weights rounded to six significant digits.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.judges.local.features import SentenceFeatures
from assay.judges.local.model import (
    GATE_WORDS,
    IDF_FILE,
    WEIGHTS_FILE,
    Expert,
    LocalModel,
    Logistic,
    WordWeights,
    with_stated,
)
from assay.judges.local.response import RESPONSE_INPUTS, response_inputs
from assay.judges.text.words import stem, word_set, words
from benchmarks.labelled_rows import Corpora, Item, measure, measure_edits, read_corpora
from benchmarks.logistic_fit import INNER_FOLDS, Floats, Table, choose_penalty, fit_logistic, inner_folds, rounded
from benchmarks.split_demo_data import Row

TABLE_SIZE = 20_000

EDIT_WEIGHT = 0.15
"""Weight of one SummEdits row: some thirty are edits of one document's summary, and say little more than a few."""

CHAT_WEIGHT = 0.1
"""Weight of one reply of BEGIN over passages: enough to show how a short reply differs from an answer."""

_RAISE = word_set(
    "absent_weight absent_count absent_rarest unasked_weight pair_novelty triple_novelty gap_novelty stitched apart "
    "replaced swapped missing_numbers missing_names value_apart name_apart negation_differs polarity_differs opposites "
    "denied_alone field_contradicted field_silent hours_conflict newest_pairs worst worst_three mean any"
)
_LOWER = word_set("best_coverage nearby copied_run least_coverage field_told")


def signs(names: Sequence[str]) -> Floats:
    """The sign each coefficient is held to: what is not in the evidence never lowers the risk, what is never raises it.

    It is what makes the risk monotone in the doubts of the sentences, and it holds where a corpus would teach its
    own accidents. Features that say nothing of support go free.
    """
    plain = [name.partition(",")[0] for name in names]
    return np.array([float(name in _RAISE) - float(name in _LOWER) for name in plain])


def main() -> None:
    """Fit, and with --write replace the files the judge reads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="replace judges/local/weights.json and idf.json.gz")
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    table = count_documents(corpora)
    idf = WordWeights(table["documents"], table["frequency"])
    long, edits = measure(corpora.ragtruth, idf), measure_edits(corpora.summedits, idf)
    model = fit(long, edits, measure(corpora.begin, idf))
    for name, expert in (("long", model.long), ("short", model.short)):
        print(f"{name}: {expert.trained_on}; penalties {expert.penalties}, cut {expert.cut}")
    if options.write:
        WEIGHTS_FILE.write_text(model.model_dump_json(indent=1) + "\n", encoding="utf-8")
        write_table(table)


def count_documents(corpora: Corpora) -> dict[str, Any]:
    """In how many different evidence texts each of the commonest stems occurs."""
    return document_frequency([*corpora.ragtruth, *corpora.begin, *corpora.summedits, *corpora.factcheck])


def document_frequency(rows: Iterable[Row]) -> dict[str, Any]:
    """In how many different evidence texts of the rows each of the commonest stems occurs."""
    texts = sorted({text for row in rows for text in row["context"]})
    counts = Counter(term for text in texts for term in {stem(word) for word, _, _ in words(text)})
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TABLE_SIZE]
    return {"documents": len(texts), "frequency": dict(sorted(common))}


def write_table(table: dict[str, Any]) -> None:
    """Write reproducibly: no file name and no time stamp inside the gzip header."""
    body = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    with IDF_FILE.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        packed.write(body)


def fit(long: Sequence[Item], edits: Sequence[Item], short: Sequence[Item]) -> LocalModel:
    """Fit both experts."""
    chat = [item for item in short if item.evidence_words > GATE_WORDS]
    return LocalModel(
        sentence_features=SentenceFeatures._fields,
        response_inputs=RESPONSE_INPUTS,
        short=fit_expert(short, "BEGIN, without the rows the demo shows"),
        long=fit_expert(long, "RAGTruth, SummEdits and BEGIN over passages", edits=edits, chat=chat),
    )


def fit_expert(
    items: Sequence[Item], trained_on: str, *, edits: Sequence[Item] = (), chat: Sequence[Item] = ()
) -> Expert:
    """Fit sentences on `items`, then responses on the doubts of regressions that have not seen their sentences.

    What a sentence shows is learnt from `items` alone. `edits` and `chat` teach what it means in theirs.
    """
    sentences = _sentence_table(items)
    sentence_penalty = choose_penalty(sentences)
    sentence = fit_logistic(sentences, sentence_penalty)
    # As many sentences lie over the cut as people marked, so that mean groundedness is not biased.
    cut = float(np.quantile(sentence.probability(sentences.rows), 1 - float(sentences.labels.mean())))
    weights = np.concatenate([np.ones(len(items)), _edit_weights(items, edits), np.full(len(chat), CHAT_WEIGHT)])
    held_out = _held_out_sentences(sentences, sentence_penalty)
    responses = _response_table([*items, *edits, *chat], weights, held_out)
    response_penalty = choose_penalty(responses)
    return Expert(
        trained_on=trained_on,
        penalties=(sentence_penalty, response_penalty),
        sentence=sentence,
        cut=rounded(cut),
        response=fit_logistic(responses, response_penalty),
    )


def _sentence_table(items: Sequence[Item]) -> Table:
    known = [
        (view.features, label, item.group)
        for item in items
        for view, label in zip(item.sentences, item.labels, strict=True)
        if label is not None
    ]
    rows, labels, groups = (list(column) for column in zip(*known, strict=True))
    return Table(np.array(rows), np.array(labels), np.ones(len(rows)), groups, signs(SentenceFeatures._fields))


def _held_out_sentences(table: Table, penalty: float) -> list[Logistic]:
    """For each inner fold, a regression that has not seen it: doubts as they will be on new text, not as on old."""
    folds = inner_folds(table.groups)
    return [fit_logistic(table.where(folds != fold), penalty) for fold in range(INNER_FOLDS)]


def _response_table(items: Sequence[Item], weights: Floats, held_out: Sequence[Logistic]) -> Table:
    groups = [item.group for item in items]
    rows = [
        response_inputs(
            item.sentences,
            with_stated(
                held_out[fold].probability([view.features for view in item.sentences]), item.sentences
            ).tolist(),
            item.evidence_words,
        )
        for item, fold in zip(items, inner_folds(groups), strict=True)
    ]
    labels = np.array([item.label for item in items])
    return Table(np.array(rows), labels, weights, groups, signs(RESPONSE_INPUTS))


def _edit_weights(items: Sequence[Item], edits: Sequence[Item]) -> Floats:
    """Weights of the edits: `EDIT_WEIGHT` each on average, and bad as often as the other summaries are.

    How many of the edits are bad was decided by who made the corpus, and says nothing about any text.
    """
    if not edits:
        return np.zeros(0)
    labels = np.array([edit.label for edit in edits])
    wanted = float(np.mean([item.label for item in items if item.row.get("task") == "Summary"]))
    share = labels.mean()
    weights: Floats = EDIT_WEIGHT * np.where(labels == 1, wanted / share, (1 - wanted) / (1 - share))
    return weights


if __name__ == "__main__":
    main()
