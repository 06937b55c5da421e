"""Split the labelled data into what the demo shows and what the local judge may be trained on.

    python -m benchmarks.split_demo_data --data DIR

writes `worker/demo/data/` from `mtrag_dev.jsonl.gz` and `begin.jsonl.gz` in DIR. Rows are split by conversation:
rows that share a source id or an evidence text are one group, and a group is either shown or trained on.
`shown_in_demo` is what the training script asks, so that nothing shown was ever trained on.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

CC_BY_SOURCES = ("begin_wow", "begin_cmu")
CHAT_ROWS = 1500
OUT = Path(__file__).parent.parent / "worker" / "demo" / "data"


def read_rows(path: Path) -> list[Row]:
    """Rows of one gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def conversation_groups(rows: Iterable[Row]) -> dict[str, str]:
    """Row id → group, where rows that share a source id or an evidence text share a group."""
    parent: dict[str, str] = {}

    def find(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    rows = list(rows)
    for row in rows:
        anchor = find(f"source:{row['source_id']}")
        for text in row["context"]:
            other = find(f"text:{hashlib.sha256(text.strip().lower().encode()).hexdigest()}")
            parent[max(anchor, other)] = min(anchor, other)
            anchor = find(anchor)
    return {row["id"]: find(f"source:{row['source_id']}") for row in rows}


def shown_in_demo(begin: list[Row]) -> set[str]:
    """Ids of the BEGIN rows the demo shows: whole groups in hash order until CHAT_ROWS are reached."""
    groups = conversation_groups(begin)
    by_group: dict[str, list[Row]] = {}
    for row in begin:
        by_group.setdefault(groups[row["id"]], []).append(row)
    shown: set[str] = set()
    for group in sorted(by_group, key=lambda g: hashlib.sha256(f"assay-demo:{g}".encode()).hexdigest()):
        rows = by_group[group]
        fits = len(shown) + len(rows) <= CHAT_ROWS
        if fits and all(row["source"] in CC_BY_SOURCES for row in rows):
            shown |= {row["id"] for row in rows}
    return shown


def _write(path: Path, rows: list[Row]) -> None:
    """Write reproducibly: no file name and no time stamp inside the gzip header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        packed.write(body.encode())
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size:,} bytes")


def main() -> None:
    """Write the demo's two data files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    begin = read_rows(data / "begin.jsonl.gz")
    shown = shown_in_demo(begin)
    keep = ("id", "source_id", "model", "question", "history", "context", "response", "label")
    mtrag = [{k: row.get(k, []) for k in keep} for row in read_rows(data / "mtrag_dev.jsonl.gz")]
    chat = [{k: row.get(k, []) for k in keep} for row in begin if row["id"] in shown]
    _write(OUT / "mtrag.jsonl.gz", mtrag)
    _write(OUT / "begin.jsonl.gz", chat)


if __name__ == "__main__":
    main()
