"""How good and how fast the local judge is, beside what no reading at all would reach.

    python -m benchmarks.local_judge --data DIR [--speed-only]

"5 folds" are rows of sources no fold's model was fitted on; MTRAG and the demo's BEGIN rows are judged by the shipped
model, which never saw their labels. The folds need LightGBM, of the development dependencies. Intervals are 95 %, from
a bootstrap over sources. Baselines: `task prior` knows which task a row is (and reads nothing), `overlap` is the share
of the response's words that the evidence does not have, `flag everything` needs no column: its AUROC and balanced
accuracy are .5.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.judges.local.model import LocalModel, load_word_weights
from assay.worker.statistics.agreement import auroc_estimate, class_rates
from benchmarks.edit_kinds import print_edit_kinds
from benchmarks.judge_speed import print_speed
from benchmarks.labelled_rows import Corpora, Item, Rows, fold_of, measure, measure_rows, read_corpora
from benchmarks.local_fit import LocalFit
from benchmarks.logistic_fit import Floats
from benchmarks.split_demo_data import Row

FOLDS = 5
BINS = 10
NULL_DRAWS = 2000
CUT = 0.5


class Judged(NamedTuple):
    """Rows with the risk each was given."""

    items: list[Item]
    risks: Floats

    def where(self, key: str, *values: str) -> Judged:
        """The rows that have one of the values under the key."""
        chosen = [number for number, item in enumerate(self.items) if item.row[key] in values]
        return Judged([self.items[number] for number in chosen], self.risks[chosen])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--speed-only", action="store_true", help="measure time, not accuracy")
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    today = datetime.datetime.now(datetime.UTC).date()
    print(f"{today}, {_machine()}, Python {platform.python_version()}, numpy {np.__version__}\n")
    if not options.speed_only:
        print_edit_kinds(corpora.summedits, print_quality(corpora))
    print_speed(corpora)


def _machine() -> str:
    """The processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.system()}"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} ({len(names)} cores)"


def print_quality(corpora: Corpora) -> dict[str, float]:
    """The table of figures by corpus and task. Gives the held-out risks of SummEdits by row."""
    idf = load_word_weights()
    held_out = judge_in_folds(measure_rows(corpora, idf))
    ragtruth, begin, summedits = held_out["ragtruth"], held_out["begin"], held_out["summedits"]
    shipped = LocalModel.load()
    mtrag = _judged(shipped, measure(corpora.mtrag, idf))
    print("| rows | n | bad | task prior | overlap | AUROC | balanced accuracy at 0.5 | ECE | null 95 % |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print_row("RAGTruth, 5 folds", ragtruth)
    for task, name in (("QA", "question answering"), ("Summary", "summaries"), ("Data2txt", "data to text")):
        print_row(f"– {name}", ragtruth.where("task", task))
    print_row("SummEdits, 5 folds", summedits)
    print_row("BEGIN without the demo's rows, 5 folds", begin)
    for source, name in (("wow", "Wizard of Wikipedia"), ("cmu", "CMU-DoG"), ("topicalchat", "Topical-Chat")):
        print_row(f"– {name}", begin.where("source", f"begin_{source}"))
    print_row("BEGIN, the demo's rows", _judged(shipped, measure(corpora.shown, idf)))
    print_row("MTRAG", mtrag)
    print_row("– answers by models only", mtrag.where("model", "gpt-4o", "llama-3.1-405b-instruct"))
    print_row("Factcheck-GPT, 5 folds", held_out["factcheck"])
    print("Flag everything: AUROC and balanced accuracy 0.5 in each row, sensitivity 1, precision the share of bad.")
    print(f"MTRAG with {_with_unscored(mtrag, corpora.mtrag)}.\n")
    return {item.row["id"]: float(risk) for item, risk in zip(summedits.items, summedits.risks, strict=True)}


def judge_in_folds(rows: Rows) -> dict[str, Judged]:
    """Give each row the risk a model says that was fitted on the other folds, by corpus."""
    held: dict[str, float] = {}
    for fold in range(FOLDS):
        model = LocalFit(Rows(*([item for item in part if not _in_fold(item, fold)] for part in rows))).model()
        own = [item for part in rows for item in part if _in_fold(item, fold)]
        held.update(zip((item.row["id"] for item in own), _risks(model, own), strict=True))
    return {
        name: Judged(part, np.array([held[item.row["id"]] for item in part]))
        for name, part in zip(Rows._fields, rows, strict=True)
    }


def _in_fold(item: Item, fold: int) -> bool:
    return fold_of(item.group, FOLDS) == fold


def _with_unscored(judged: Judged, rows: Sequence[Row]) -> str:
    """The AUROC over all rows, those without a risk taken for the safest: a judge is silent on nothing."""
    risks = {item.row["id"]: float(risk) for item, risk in zip(judged.items, judged.risks, strict=True)}
    auroc = auroc_estimate(
        [int(row["label"]) for row in rows], [risks.get(row["id"], 0.0) for row in rows], resamples=100
    )
    figure = "not estimable" if auroc is None else f"{auroc.value:.3f}"
    return f"the {len(rows) - len(risks)} rows without a risk counted as risk 0: AUROC {figure} over {len(rows)} rows"


def _judged(model: LocalModel, items: list[Item]) -> Judged:
    return Judged(items, np.array(_risks(model, items)))


def _risks(model: LocalModel, items: Sequence[Item]) -> list[float]:
    return [model.read(item.sentences, item.evidence_words).risk for item in items]


def print_row(name: str, judged: Judged) -> None:
    """One row of the table."""
    items, risks = judged
    labels = [int(item.label) for item in items]
    groups = [item.group for item in items]
    estimate = auroc_estimate(labels, risks.tolist(), clusters=groups)
    rates = class_rates(labels, (risks >= CUT).tolist(), clusters=groups)
    if estimate is None or rates is None:
        print(f"| {name} | {len(items)} | not estimable |")
        return
    y = np.array(labels, dtype=np.float64)
    balanced = rates.balanced_accuracy
    print(
        f"| {name} | {len(items):,} in {len(set(groups)):,} sources | {y.mean():.2f} "
        f"| {_baseline(labels, _task_prior(items))} | {_baseline(labels, _overlap(items))} "
        f"| {estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f}) "
        f"| {balanced.value:.3f} ({balanced.low:.3f}–{balanced.high:.3f}), "
        f"{rates.sensitivity.value:.2f} / {rates.specificity.value:.2f} "
        f"| {calibration_error(y, risks):.3f} | {null_calibration_error(risks):.3f} |",
        flush=True,
    )


def _baseline(labels: Sequence[int], scores: Sequence[float]) -> str:
    estimate = auroc_estimate(labels, scores, resamples=100)
    return "–" if estimate is None else f"{estimate.value:.3f}"


def _task_prior(items: Sequence[Item]) -> list[float]:
    """The share of bad rows of each row's task (or domain): all one can know without reading."""
    by_task: dict[str, list[float]] = defaultdict(list)
    for item in items:
        by_task[_task(item)].append(item.label)
    return [float(np.mean(by_task[_task(item)])) for item in items]


def _task(item: Item) -> str:
    return f"{item.row['source']}:{item.row.get('task')}"


def _overlap(items: Sequence[Item]) -> list[float]:
    """The share of the words' weight that the evidence does not have."""
    overlaps: list[float] = []
    for item in items:
        sizes = [view.words for view in item.sentences]
        total = sum(view.features.absent_weight * size for view, size in zip(item.sentences, sizes, strict=True))
        overlaps.append(total / max(1, sum(sizes)))
    return overlaps


def calibration_error(y: Floats, risks: Floats) -> float:
    """Expected calibration error over ten bins of equal width."""
    index = np.minimum((risks * BINS).astype(int), BINS - 1)
    return sum(abs(float((y - risks)[index == number].sum())) for number in range(BINS)) / len(y)


def null_calibration_error(risks: Floats) -> float:
    """95 % point of the error that a perfectly calibrated judge of these risks would show by chance."""
    draws = np.random.default_rng(0).random((NULL_DRAWS, len(risks))) < risks
    return float(np.quantile([calibration_error(draw.astype(np.float64), risks) for draw in draws], 0.95))


if __name__ == "__main__":
    main()
