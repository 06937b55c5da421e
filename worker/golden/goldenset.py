"""Loading a golden set: manifest, items and anchors, checked against each other and against the lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from judges.errors import ConfigurationError
from judges.rubric import Rubric, first_problem
from judges.schema import Record, Sample
from worker.golden.schema import Anchor, GoldenItem, Manifest, Release

LOCK = "golden.lock"

R = TypeVar("R", GoldenItem, Anchor, Release)


class GoldenSetError(ConfigurationError):
    """A golden set, release or run that cannot be used; the message names file, key and remedy."""

    def __init__(self, file: Path | str, key: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {remedy}")
        self.file = str(file)
        self.key = key


class GoldenSet(Record):
    """A golden set in memory. `digests` says what it is made of, part by part; see `compute_digests`."""

    directory: Path
    manifest: Manifest
    rubric: Rubric
    items: tuple[GoldenItem, ...]
    anchors: tuple[Anchor, ...]
    digests: dict[str, str]

    @property
    def name(self) -> str:
        """The set's name, which is its directory's."""
        return self.manifest.name

    @property
    def digest(self) -> str:
        """One digest of everything that decides about an item; runs are comparable only where it is equal.

        The baseline's is left out: it is a run's input, not the set's.
        """
        parts = {part: digest for part, digest in self.digests.items() if part != "baseline"}
        return digest_of(parts)

    def release_path(self, release: str) -> Path:
        """Where a recorded release lies."""
        return release_path(self.directory, release)

    def releases(self) -> tuple[str, ...]:
        """Names of the recorded releases, sorted."""
        return tuple(sorted(path.stem for path in (self.directory / "releases").glob("*.jsonl")))

    def anchor_sample(self, anchor: Anchor) -> Sample:
        """What the judge sees of an anchor."""
        if anchor.sample is not None:
            return anchor.sample
        item = next(item for item in self.items if item.id == anchor.item)
        return item_sample(item, response=anchor.response or "", contexts=item.contexts)


def item_sample(item: GoldenItem, *, response: str, contexts: tuple[str, ...]) -> Sample:
    """The sample made of an item and an answer to it."""
    return Sample(
        id=item.id,
        question=item.question,
        history=item.history,
        contexts=contexts,
        response=response,
        reference=item.reference,
    )


def read_golden_set(directory: Path, rubric_named: Callable[[str], Rubric]) -> GoldenSet:
    """Read a golden set without asking its lock; only freezing needs this, everything else `load_golden_set`.

    Args:
        directory: `golden_sets/<name>`.
        rubric_named: finds the rubric the manifest names.

    Raises:
        GoldenSetError: a file is missing, cannot be parsed, or contradicts another.
        RubricError: from `rubric_named`.
    """
    manifest = _read_manifest(directory)
    rubric = rubric_named(manifest.rubric)
    items = read_records(directory / "items.jsonl", GoldenItem)
    anchors_file = directory / "anchors.jsonl"
    anchors = read_records(anchors_file, Anchor) if anchors_file.exists() else ()
    _cross_check(directory, manifest, rubric, items, anchors)
    digests = compute_digests(directory, manifest, rubric)
    return GoldenSet(
        directory=directory, manifest=manifest, rubric=rubric, items=items, anchors=anchors, digests=digests
    )


def compute_digests(directory: Path, manifest: Manifest, rubric: Rubric) -> dict[str, str]:
    """sha256 of each part that must not change silently: files by their bytes, settings by their values.

    Raises:
        GoldenSetError: the baseline release the manifest names cannot be read.
    """
    digests = {
        "items": hashlib.sha256(_read_bytes(directory / "items.jsonl")).hexdigest(),
        "pass_when": digest_of({name: limit.model_dump() for name, limit in manifest.pass_when.items()}),
        "gate": digest_of(manifest.gate.model_dump(mode="json")),
        "rubric": rubric.content_hash(),
    }
    anchors = directory / "anchors.jsonl"
    if anchors.exists():
        digests["anchors"] = hashlib.sha256(_read_bytes(anchors)).hexdigest()
    if manifest.baseline is not None:
        baseline = release_path(directory, manifest.baseline)
        digests["baseline"] = hashlib.sha256(_read_bytes(baseline)).hexdigest()
    return digests


def read_records(path: Path, kind: type[R]) -> tuple[R, ...]:
    """Records of one JSONL file; empty files and repeated ids are refused.

    Raises:
        GoldenSetError: names the line and the key.
    """
    records: list[R] = []
    seen: dict[str, int] = {}
    # By bytes: splitlines() would also break at U+2028 inside a string.
    for number, line in enumerate(_read_bytes(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = kind.model_validate_json(line)
        except ValidationError as exc:
            key, remedy = first_problem(exc)
            raise GoldenSetError(path, f"line {number}: {key}", remedy) from exc
        if record.id in seen:
            remedy = f"already used on line {seen[record.id]}; ids are unique, rename or remove one"
            raise GoldenSetError(path, f"line {number}: id {record.id!r}", remedy)
        seen[record.id] = number
        records.append(record)
    if not records:
        raise GoldenSetError(path, "file", "is empty; write one JSON object a line")
    return tuple(records)


def release_path(directory: Path, release: str) -> Path:
    """Where a recorded release of the set in `directory` lies."""
    return directory / "releases" / f"{release}.jsonl"


def digest_of(value: object) -> str:
    """sha256 of a value's canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read_manifest(directory: Path) -> Manifest:
    path = directory / "manifest.yaml"
    try:
        data = yaml.safe_load(_read_bytes(path))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "file"
        raise GoldenSetError(path, where, "not YAML; mend it") from exc
    if not isinstance(data, dict):
        raise GoldenSetError(path, "file", "must be a mapping of keys; start with `name: ...`")
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as exc:
        raise GoldenSetError(path, *first_problem(exc)) from exc
    if manifest.name != directory.resolve().name:
        raise GoldenSetError(
            path, "name", f"is {manifest.name!r} but the directory is {directory.name!r}; use one name"
        )
    return manifest


def _cross_check(
    directory: Path, manifest: Manifest, rubric: Rubric, items: Iterable[GoldenItem], anchors: Iterable[Anchor]
) -> None:
    """What one file says of another must hold."""
    ids = {item.id for item in items}
    path = directory / "manifest.yaml"
    for name in manifest.pass_when:
        if name not in rubric.scores:
            known = ", ".join(rubric.scores)
            raise GoldenSetError(
                path, f"pass_when.{name}", f"rubric {rubric.name!r} gives no such score; it has {known}"
            )
    for item_id in manifest.gate.must_pass:
        if item_id not in ids:
            raise GoldenSetError(
                path, "gate.must_pass", f"no item {item_id!r} in items.jsonl; add it or remove the name"
            )
    for anchor in anchors:
        if anchor.item is not None and anchor.item not in ids:
            remedy = f"no item {anchor.item!r} in items.jsonl; name an item or give the whole `sample`"
            raise GoldenSetError(directory / "anchors.jsonl", f"anchor {anchor.id!r}: item", remedy)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise GoldenSetError(path, "file", f"cannot be read ({exc.strerror or exc})") from exc
