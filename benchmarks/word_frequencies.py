"""Counts in how many texts each word occurs: what a word weighs in the local judge."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay.judges.text.words import stem, words
from benchmarks.labelled_rows import Corpora
from benchmarks.split_demo_data import Row

TABLE_SIZE = 20_000


def count_documents(corpora: Corpora) -> dict[str, Any]:
    """In how many different evidence texts each of the commonest stems occurs."""
    return document_frequency([*corpora.ragtruth, *corpora.begin, *corpora.summedits, *corpora.factcheck])


def document_frequency(rows: Iterable[Row]) -> dict[str, Any]:
    """In how many different evidence texts of the rows each of the commonest stems occurs."""
    texts = sorted({text for row in rows for text in row["context"]})
    counts = Counter(term for text in texts for term in {stem(word) for word, _, _ in words(text)})
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TABLE_SIZE]
    return {"documents": len(texts), "frequency": dict(sorted(common))}


def as_json(content: Any) -> str:
    """JSON without spaces."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def write_packed(path: Path, body: str) -> None:
    """Write reproducibly: no file name and no time stamp inside the gzip header."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
        packed.write(body.encode())
