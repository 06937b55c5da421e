"""Fit the local judge on human labels.

    python -m benchmarks.train_local_judge --data DIR [--write]

DIR holds `ragtruth_dev`, `begin`, `summedits`, `factcheck_gpt_stance` and `mtrag_dev` as `.jsonl.gz`. It needs
LightGBM, of the development dependencies. Word frequencies are counted over the evidence of all that is fitted on. How
good the result is, `python -m benchmarks.local_judge` prints. Everything follows from the data: seeds are fixed,
numbers are rounded, and two runs write the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assay.judges.local.model import IDF_FILE, WEIGHTS_FILE, WordWeights
from benchmarks.labelled_rows import measure_rows, read_corpora
from benchmarks.local_fit import LocalFit
from benchmarks.word_frequencies import as_json, count_documents, write_packed


def main() -> None:
    """Fit, and with --write replace the files the judge reads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="replace judges/local/weights.json.gz and idf.json.gz")
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    table = count_documents(corpora)
    model = LocalFit(measure_rows(corpora, WordWeights(table["documents"], table["frequency"]))).model()
    print(f"Fitted on {model.trained_on}.")
    print(f"{len(model.alarms):,} words with an alarm, cut {model.cut}, calibration {model.calibration}")
    if options.write:
        write_packed(IDF_FILE, as_json(table))
        write_packed(WEIGHTS_FILE, as_json(model.model_dump(mode="json")))


if __name__ == "__main__":
    main()
