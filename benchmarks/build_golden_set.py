"""Build the shipped golden set `mtrag-v1` from the demo's MTRAG answers.

    python -m benchmarks.build_golden_set [--freeze]

writes items, anchors and recorded releases to `golden_sets/mtrag-v1/`. The manifest is kept. With `--freeze` the lock
is written too, for which `rubrics/grounding.yaml` must be there.

Each of the 88 questions was answered by GPT-4o, Llama-3.1-405B and a person, and people labelled the three answers.
All three answered every question, so every item expects an answer. Anchors are the 176 answers by models only: no
answer by a person carries a mark, so they would flatter the judge's specificity and examine nothing else.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay.judges.rubric import Rubric, load_rubric
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.lock import freeze
from benchmarks.split_demo_data import OUT as DEMO_DATA
from benchmarks.split_demo_data import read_rows

Row = dict[str, Any]

ROOT = Path(__file__).parent.parent
OUT = ROOT / "golden_sets" / "mtrag-v1"
RELEASES = {"gpt-4o": "gpt-4o", "llama-3.1-405b-instruct": "llama-3.1-405b", "reference": "human-reference"}
MODELS = ("gpt-4o", "llama-3.1-405b-instruct")
ROLES = {"user": "user", "agent": "assistant"}


def item_id(row: Row) -> str:
    """MTRAG's conversation and turn, which all answers to one question share."""
    conversation, turn = row["id"].split("<::>")
    return f"{conversation}<::>{turn.split('-')[0]}"


def build_item(row: Row) -> Row:
    """A golden item from any of the answers to its question."""
    history = [{"role": ROLES[role], "content": text} for role, text in row["history"]]
    passages = "one-passage" if len(row["context"]) == 1 else "several-passages"
    return {
        "id": item_id(row),
        "expect": "answer",
        "question": row["question"],
        "history": history,
        "contexts": row["context"],
        "tags": ["follow-up" if history else "first-turn", passages],
        "source_id": row["source_id"],
    }


def build_anchor(row: Row) -> Row:
    """A labelled answer by a model. Question and evidence come from its item."""
    return {
        "id": row["id"],
        "label": row["label"],
        "source_id": row["source_id"],
        "item": item_id(row),
        "response": row["response"],
    }


def grounding_rubric(name: str) -> Rubric:
    """The rubric the manifest names, from the repository. No variable has a value."""
    return load_rubric(ROOT / "rubrics" / f"{name}.yaml")


def _write(path: Path, records: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_bytes(text.encode())
    print(f"{path.relative_to(ROOT)}: {text.count(chr(10))} records, {path.stat().st_size:,} bytes")


def main() -> None:
    """Write the set's data files, and the lock if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--freeze", action="store_true", help="write golden.lock")
    arguments = parser.parse_args()
    rows = read_rows(DEMO_DATA / "mtrag.jsonl.gz")
    by_model: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_model[row["model"]].append(row)
    _write(OUT / "items.jsonl", [build_item(row) for row in by_model["reference"]])
    _write(OUT / "anchors.jsonl", [build_anchor(row) for model in MODELS for row in by_model[model]])
    for model, release in RELEASES.items():
        answers = [{"id": item_id(row), "response": row["response"]} for row in by_model[model]]
        _write(OUT / "releases" / f"{release}.jsonl", answers)
    if arguments.freeze:
        for change in freeze(read_golden_set(OUT, grounding_rubric)):
            print(change)


if __name__ == "__main__":
    main()
