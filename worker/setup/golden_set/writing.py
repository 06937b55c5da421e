"""The files of a new golden set, written so that they can be frozen, and the schemas for editors beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.worker.golden.sets.files import RELEASE_NAME, encoded, write_text
from assay.worker.golden.sets.manifest import Anchor, GoldenItem, Manifest, Release
from assay.worker.setup.golden_set.content import SetContent
from assay.worker.setup.golden_set.manifest_text import PROMPT, FirstManifest

FIRST_RELEASE = "first"
"""The name of the release that a table's answers become."""

TO_LABEL = "anchors-to-label.jsonl"
"""Answers that wait for a person's label; no command but `assay golden label` reads them."""

SCHEMAS: dict[str, type[Manifest] | type[GoldenItem] | type[Anchor] | type[Release]] = {
    "manifest": Manifest,
    "item": GoldenItem,
    "anchor": Anchor,
    "release": Release,
}
"""What the files of a set hold, by name: `assay golden schema NAME`."""


def new_set_directory(root: Path, name: str) -> Path:
    """Where a new set will lie.

    Raises:
        ConfigurationError: the name cannot be one, or there is such a set.
    """
    directory = root / "golden_sets" / name
    if re.fullmatch(RELEASE_NAME, name) is None:
        raise ConfigurationError(f"{name!r}: no name of a golden set; use letters, digits, . _ and - (at most 63)")
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory}: exists already; choose another name, or edit what is there")
    return directory


def write_set(directory: Path, content: SetContent, manifest: FirstManifest) -> list[Path]:
    """Write the files of a set and the schemas beside it; returns what was written.

    Raises:
        GoldenSetError: a file cannot be written.
    """
    files = {directory / "items.jsonl": _lines(content.items)}
    if content.answers:
        files[directory / "releases" / f"{FIRST_RELEASE}.jsonl"] = _lines(content.answers)
    if content.anchors:
        files[directory / "anchors.jsonl"] = _lines(content.anchors)
    if content.unlabelled:
        files[directory / TO_LABEL] = _lines(content.unlabelled)
    if manifest.target == "openai":
        files[directory / "prompt.md"] = PROMPT
    for name in ("manifest", "item", "anchor"):
        files[directory.parent / f"{name}.schema.json"] = schema_text(name)
    # The manifest comes last: without it the directory is no golden set.
    files[directory / "manifest.yaml"] = manifest.text()
    # All or none: half a set would keep its name from being used again.
    for path, text in files.items():
        encoded(path, text)
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def schema_text(name: str) -> str:
    """The JSON schema of one of a set's files."""
    return json.dumps(SCHEMAS[name].model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def _lines(records: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
