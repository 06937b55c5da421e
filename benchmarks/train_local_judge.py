"""Fit the local judge on human labels and print how well it does on rows it was not fitted on.

    python -m benchmarks.train_local_judge --data DIR [--write]

DIR holds `ragtruth_dev`, `begin`, `summedits`, `factcheck_gpt_stance` and `mtrag_dev` as `.jsonl.gz`. Fitted on
RAGTruth and on the BEGIN rows the demo does not show; word frequencies are counted over their evidence and that of
SummEdits and Factcheck-GPT. MTRAG and the demo's rows are only measured. Every number follows from the data alone:
no randomness, weights rounded to six significant digits before anything is measured.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.split_demo_data import Row, read_rows, shown_in_demo
from judges.local.checkworthy import checkworthy
from judges.local.features import ResponseFeatures, SentenceFeatures, SentenceView, read_response, response_features
from judges.local.model import IDF_FILE, WEIGHTS_FILE, Expert, LocalModel, Logistic, WordWeights
from judges.schema import Sample, Turn
from judges.words import stem, words

Floats = NDArray[np.float64]

FOLDS = 5
PENALTY = 30.0
TABLE_SIZE = 20_000
ROLES = {"user": "user", "agent": "assistant"}


class Item(NamedTuple):
    """One labelled response, measured."""

    row: Row
    sentences: list[SentenceView]
    evidence_words: int


def main() -> None:
    """Fit, measure, and with --write replace the files the judge reads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="replace judges/local/weights.json and idf.json.gz")
    options = parser.parse_args()
    data = {name: read_rows(options.data / f"{name}.jsonl.gz") for name in _FILES}
    shown = shown_in_demo(data["begin"])
    begin = [row for row in data["begin"] if row["id"] not in shown]
    table = document_frequency([*data["ragtruth_dev"], *begin, *data["summedits"], *data["factcheck_gpt_stance"]])
    weights = WordWeights(table["documents"], table["frequency"])
    long, short = measure(data["ragtruth_dev"], weights), measure(begin, weights)
    report_folds(long, short)
    model = fit(long, short)
    report("demo rows of BEGIN", model, measure([row for row in data["begin"] if row["id"] in shown], weights))
    mtrag = measure(data["mtrag_dev"], weights)
    report("MTRAG", model, mtrag)
    report("MTRAG, answers by models", model, [item for item in mtrag if item.row["model"] != "reference"])
    for name in ("reference", "gpt-4o", "llama-3.1-405b-instruct"):
        own = [item for item in mtrag if item.row["model"] == name]
        flagged = sum(risk >= 0.5 for risk in risks(model, own))
        print(f"  {name}: flagged {flagged} of {len(own)}, bad {sum(item.row['label'] for item in own)}")
    for name in ("summedits", "factcheck_gpt_stance"):
        report(f"{name} (not fitted on)", model, measure(data[name], weights))
    if options.write:
        WEIGHTS_FILE.write_text(model.model_dump_json(indent=1) + "\n", encoding="utf-8")
        write_table(table)


_FILES = ("ragtruth_dev", "begin", "summedits", "factcheck_gpt_stance", "mtrag_dev")


def document_frequency(rows: Iterable[Row]) -> dict[str, Any]:
    """In how many different evidence texts each of the commonest stems occurs."""
    texts = sorted({text for row in rows for text in row["context"]})
    counts = Counter(one for text in texts for one in {stem(word) for word, _, _ in words(text)})
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TABLE_SIZE]
    return {"documents": len(texts), "frequency": dict(sorted(common))}


def write_table(table: dict[str, Any]) -> None:
    """Write reproducibly: no file name and no time stamp inside the gzip header."""
    body = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    with IDF_FILE.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        packed.write(body)


def sample_of(row: Row) -> Sample:
    """The row as a judge would see it."""
    history = tuple(Turn(role=ROLES[role], content=text) for role, text in row.get("history", []))
    return Sample(
        id=row["id"],
        question=row["question"],
        history=history,
        contexts=tuple(row["context"]),
        response=row["response"],
    )


def measure(rows: Iterable[Row], weights: WordWeights) -> list[Item]:
    """Measure the rows; those without a check-worthy sentence are left out, as they get no score."""
    items = []
    for row in rows:
        view = read_response(sample_of(row), weights)
        sentences = checkworthy(view.sentences)
        if sentences:
            items.append(Item(row, sentences, view.evidence.words))
    return items


def fold_of(item: Item) -> int:
    """The fold of a row: all rows of one source are in one."""
    key = f"{item.row['source']}:{item.row['source_id']}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % FOLDS


def fit(long: Sequence[Item], short: Sequence[Item]) -> LocalModel:
    """Fit both experts."""
    return LocalModel(
        sentence_features=SentenceFeatures._fields,
        response_features=ResponseFeatures._fields,
        short=fit_expert(short, "BEGIN, without the rows the demo shows"),
        long=fit_expert(long, "RAGTruth"),
    )


def fit_expert(items: Sequence[Item], trained_on: str) -> Expert:
    """Fit sentences, then responses on the sentences' doubts."""
    labelled = [(view.features, label) for item in items for view, label in _sentence_labels(item)]
    rows, labels = [features for features, _ in labelled], [label for _, label in labelled]
    sentence = fit_logistic(rows, labels)
    # As many sentences lie over the cut as people marked, so that mean groundedness is not biased.
    cut = float(np.quantile(sentence.probability(rows), 1 - float(np.mean(labels))))
    measured = [response_features(i.sentences, _doubts(sentence, i), i.evidence_words) for i in items]
    response = fit_logistic(measured, [float(item.row["label"]) for item in items])
    return Expert(trained_on=trained_on, sentence=sentence, cut=_rounded(cut), response=response)


def _doubts(sentence: Logistic, item: Item) -> list[float]:
    doubts: list[float] = sentence.probability([view.features for view in item.sentences]).tolist()
    return doubts


def _sentence_labels(item: Item) -> list[tuple[SentenceView, float]]:
    """Sentences whose label is known: those a marked span touches, all of a good response, the only one of a bad."""
    row = item.row
    if row["spans"]:
        spans = [(span["start"], span["end"]) for span in row["spans"]]
        return [
            (one, float(any(one.span.start < end and start < one.span.end for start, end in spans)))
            for one in item.sentences
        ]
    if row["label"] == 0 or len(item.sentences) == 1:
        return [(one, float(row["label"])) for one in item.sentences]
    return []


def fit_logistic(rows: Sequence[Sequence[float]], labels: Sequence[float]) -> Logistic:
    """L2-penalised logistic regression by Newton's method on standardised features; the intercept goes free."""
    raw = np.asarray(rows, dtype=np.float64)
    mean, scale = raw.mean(axis=0), raw.std(axis=0) + 1e-9
    x = np.column_stack([(raw - mean) / scale, np.ones(len(raw))])
    y = np.asarray(labels, dtype=np.float64)
    penalty = np.diag([PENALTY] * raw.shape[1] + [0.0])
    beta = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ beta))
        gradient = x.T @ (p - y) + penalty @ beta
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty, gradient)
        beta -= step
        if np.abs(step).max() < 1e-10:
            break
    return Logistic(
        mean=_all_rounded(mean),
        scale=_all_rounded(scale),
        coefficients=_all_rounded(beta[:-1]),
        intercept=_rounded(float(beta[-1])),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _all_rounded(values: Floats) -> tuple[float, ...]:
    return tuple(_rounded(float(value)) for value in values)


def risks(model: LocalModel, items: Sequence[Item]) -> Floats:
    """The risk of each item."""
    return np.array([model.read(item.sentences, item.evidence_words).risk for item in items])


def report_folds(long: Sequence[Item], short: Sequence[Item]) -> None:
    """Print what each fold's rows get from a model fitted on the other folds."""
    everything = [*long, *short]
    held = np.zeros(len(everything))
    for fold in range(FOLDS):
        model = fit([i for i in long if fold_of(i) != fold], [i for i in short if fold_of(i) != fold])
        own = [number for number, item in enumerate(everything) if fold_of(item) == fold]
        held[own] = risks(model, [everything[number] for number in own])
    groups: dict[str, Callable[[Row], bool]] = {
        "RAGTruth": lambda row: row["source"] == "ragtruth",
        "  QA": lambda row: row["task"] == "QA",
        "  Summary": lambda row: row["task"] == "Summary",
        "  Data2txt": lambda row: row["task"] == "Data2txt",
        "BEGIN": lambda row: row["source"] != "ragtruth",
    }
    for name, belongs in groups.items():
        chosen = [number for number, item in enumerate(everything) if belongs(item.row)]
        _print_quality(f"{name}, {FOLDS} folds by source", [everything[n] for n in chosen], held[chosen])


def report(name: str, model: LocalModel, items: Sequence[Item]) -> None:
    """Print the quality of `model` on rows it was not fitted on."""
    _print_quality(name, items, risks(model, items))


def _print_quality(name: str, items: Sequence[Item], risk: Floats) -> None:
    y = np.array([item.row["label"] for item in items], dtype=np.float64)
    flagged = risk >= 0.5
    sensitivity, specificity = flagged[y == 1].mean(), (~flagged[y == 0]).mean()
    print(
        f"{name}: n {len(y)}, bad {y.mean():.2f}, AUROC {auroc(y, risk):.3f}, at 0.5 balanced accuracy "
        f"{(sensitivity + specificity) / 2:.3f} (sensitivity {sensitivity:.2f}, specificity {specificity:.2f}), "
        f"ECE {calibration_error(y, risk):.3f}"
    )


def auroc(y: Floats, risk: Floats) -> float:
    """Probability that a bad row has the higher risk; ties count half."""
    good = np.sort(risk[y == 0])
    bad = risk[y == 1]
    below = np.searchsorted(good, bad, side="left") + np.searchsorted(good, bad, side="right")
    return float(below.sum() / (2 * len(good) * len(bad))) if len(good) and len(bad) else math.nan


def calibration_error(y: Floats, risk: Floats, bins: int = 10) -> float:
    """Expected calibration error over ten bins of equal width."""
    index = np.minimum((risk * bins).astype(int), bins - 1)
    gaps = [abs(float((y - risk)[index == one].sum())) for one in range(bins)]
    return sum(gaps) / len(y)


if __name__ == "__main__":
    main()
