"""No file outside a store's folder names the store: the next one touches no other file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.worker.stores.registry import sink_factories

ROOT = Path(__file__).parents[2]
TEXTS = (".py", ".yaml", ".yml", ".md", ".jinja", ".js", ".css", ".lua", ".json", ".txt")
STORES = ROOT / "worker" / "stores"
DATABASES = {
    ROOT / "worker" / "history",
    ROOT / "worker" / "backup",
    ROOT / "worker" / "cli" / "backup.py",
}
"""The record is a database of ours, and any is copied. It may be of the same kind as a trace store, and is none."""
OTHER_NAMES = {
    ROOT / "worker" / "extras.py",
    ROOT / "worker" / "setup" / "capacity_constants.py",
    ROOT / "worker" / "alerts" / "rendering" / "scraping.py",
}
"""Names of packages' extras, of the benchmarks that printed a figure, and of programs that Prometheus scrapes."""
DIALECTS = {
    ROOT / "worker" / "extraction",
    ROOT / "judges" / "models" / "decision_protocols.py",
}
"""How applications write their spans, and what answers in a judge's place, are called by who made them."""
WORD_LISTS = ROOT / "judges" / "text" / "languages"
PROTOCOLS = {"otlp"}
"""Sinks that are called by what they speak, which others speak, too."""


def files_outside(folder: Path) -> Iterator[Path]:
    for top in ("worker", "judges"):
        for path in (ROOT / top).rglob("*"):
            left_out = {folder, WORD_LISTS, *DATABASES, *OTHER_NAMES, *DIALECTS}
            if path.suffix in TEXTS and not left_out & {path, *path.parents}:
                yield path


def naming(words: tuple[str, ...], folder: Path) -> list[str]:
    """Lines outside a folder that hold one of the words, as `file:line: text`. `temporary` does not hold `tempo`."""
    lines = []
    pattern = re.compile("|".join(rf"(?<![a-z]){re.escape(word)}(?![a-z])" for word in words))
    for path in files_outside(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line.lower()):
                lines.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return lines


@pytest.mark.parametrize("kind", sorted(sink_factories().keys() - PROTOCOLS))
def test_no_file_outside_its_folder_names_a_store(kind: str) -> None:
    words = (kind, sink_factories()[kind].title.lower())
    # Behind other vendors' servers there may be a database of the embedded store's kind.
    outside = STORES if sink_factories()[kind].is_embedded else STORES / kind
    assert naming(words, outside) == []


@pytest.mark.parametrize("kind", sorted(sink_factories().keys() - PROTOCOLS))
def test_words_are_found_where_they_are(kind: str) -> None:
    nowhere = ROOT / "nowhere"
    assert any(line.startswith(f"worker/stores/{kind}/factory.py:") for line in naming((kind,), nowhere))
    assert ROOT / "worker" / "cli" / "init.py" in set(files_outside(STORES / kind))
