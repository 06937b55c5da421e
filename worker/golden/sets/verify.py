"""What is looked at before a golden set is frozen: size, duplicates, tags, labels, licence, leakage."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from assay.judges.schema import Record
from assay.worker.golden.sets.files import GoldenSetError, read_bytes
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import MIN_LABELS_PER_CLASS, CheckName, GoldenItem

SMALLEST, LARGEST = 50, 200
_FEWEST_WITH_TAG = 5
_FEWEST_SOURCES = 10
_LEAKING_LENGTH = 40
"""Shorter texts ("Thanks!", "How much is it?") occur anywhere without having leaked."""
_NAMED = 5
_NO_LICENCE = {"unknown", "none", "todo", "tbd", "n/a", "?", "-"}


class Finding(Record):
    """One thing a check found. An error keeps the set from being frozen unless the manifest waives the check."""

    check: CheckName
    level: Literal["error", "warning"]
    text: str
    waived: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether it keeps the set from being frozen."""
        return self.level == "error" and self.waived is None

    def __str__(self) -> str:
        why = f" (waived: {self.waived})" if self.waived is not None else ""
        return f"{self.level}: {self.check}: {self.text}{why}"


def check_set(golden: GoldenSet, others: Iterable[GoldenSet] = ()) -> tuple[Finding, ...]:
    """Everything the checks find, errors first.

    Args:
        golden: the set.
        others: sets whose items must not be in this one.

    Raises:
        GoldenSetError: a file named by `not_in` cannot be read, or none matches.
    """
    findings = [
        *_size(golden),
        *_duplicates(golden),
        *_tags(golden),
        *_labels(golden),
        *_anchors(golden),
        *_licence(golden),
        *_leakage(golden, others),
    ]
    waive = golden.manifest.waive
    marked = [finding.model_copy(update={"waived": waive.get(finding.check)}) for finding in findings]
    return tuple(sorted(marked, key=lambda finding: finding.level))


def _size(golden: GoldenSet) -> Iterator[Finding]:
    n = len(golden.items)
    if not SMALLEST <= n <= LARGEST:
        text = f"{n} items; {SMALLEST} to {LARGEST} make a gate that sees something and that a person can review"
        yield Finding(check="size", level="error", text=text)
    sources = {item.source_id for item in golden.items}
    if None not in sources and len(sources) < _FEWEST_SOURCES:
        text = f"{n} items from {len(sources)} sources only; items of one source fail together"
        yield Finding(check="size", level="warning", text=text)
    named = [item.source_id for item in golden.items if item.source_id is not None]
    independent = n - len(named) + len(set(named))
    if independent < n and golden.manifest.gate.mode == "non_inferiority":
        text = f"{n} items from {independent} sources; the tests take them as independent, so the interval that is held"
        yield Finding(check="size", level="warning", text=f"{text} against gate.margin is too narrow")


def _duplicates(golden: GoldenSet) -> Iterator[Finding]:
    seen: dict[str, list[str]] = defaultdict(list)
    for item in golden.items:
        seen[_asked(item)].append(item.id)
    twins = [f"{' = '.join(names)}" for names in seen.values() if len(names) > 1]
    if twins:
        text = f"the same question with the same history and evidence: {_listed(twins)}; a duplicate counts twice"
        yield Finding(check="duplicates", level="error", text=text)


def _tags(golden: GoldenSet) -> Iterator[Finding]:
    bare = [item.id for item in golden.items if not item.tags]
    if bare:
        text = f"{len(bare)} of {len(golden.items)} items without a tag ({_listed(bare)}); slices will not show them"
        yield Finding(check="tags", level="warning", text=text)
    counts = Counter(tag for item in golden.items for tag in item.tags)
    thin = [f"{tag} ({count})" for tag, count in sorted(counts.items()) if count < _FEWEST_WITH_TAG]
    if thin:
        yield Finding(
            check="tags", level="warning", text=f"tags with fewer than {_FEWEST_WITH_TAG} items: {_listed(thin)}"
        )


def _labels(golden: GoldenSet) -> Iterator[Finding]:
    if all(item.expect == "answer" for item in golden.items):
        text = "no item expects a refusal; a release that answers what it should not is not caught"
        yield Finding(check="labels", level="warning", text=text)
    marked = sum(anchor.label for anchor in golden.anchors)
    unmarked = len(golden.anchors) - marked
    if min(marked, unmarked) < MIN_LABELS_PER_CLASS:
        level: Literal["error", "warning"] = "warning" if golden.manifest.gate.allow_unexamined else "error"
        text = f"{marked} marked and {unmarked} unmarked anchors; the judge's exam needs {MIN_LABELS_PER_CLASS} of each"
        yield Finding(check="labels", level=level, text=f"{text} (or gate.allow_unexamined)")


def _anchors(golden: GoldenSet) -> Iterator[Finding]:
    """One output must not be there twice, and least of all with both labels."""
    labels: dict[str, dict[str, int]] = defaultdict(dict)
    for anchor in golden.anchors:
        sample = golden.anchor_sample(anchor)
        text = "\0".join((_plain(sample.question), *map(_plain, sample.contexts), _plain(sample.response)))
        labels[text][anchor.id] = anchor.label
    twice = [names for names in labels.values() if len(names) > 1]
    torn = [" ≠ ".join(names) for names in twice if len(set(names.values())) > 1]
    if torn:
        yield Finding(check="anchors", level="error", text=f"one output with both labels: {_listed(torn)}")
    same = [" = ".join(names) for names in twice if len(set(names.values())) == 1]
    if same:
        yield Finding(check="anchors", level="warning", text=f"one output twice: {_listed(same)}")


def _licence(golden: GoldenSet) -> Iterator[Finding]:
    if golden.manifest.labels.licence.strip().casefold() in _NO_LICENCE:
        text = f"labels.licence is {golden.manifest.labels.licence!r}; say under which terms the texts may be used"
        yield Finding(check="licence", level="error", text=text)


def _leakage(golden: GoldenSet, others: Iterable[GoldenSet]) -> Iterator[Finding]:
    """An item the application was taught with examines nothing."""
    for path in _files(golden):
        text = _text_of(path)
        items = [item.id for item in golden.items if _occurs((item.question, item.reference or ""), text)]
        anchors = [a.id for a in golden.anchors if _occurs((golden.anchor_sample(a).response,), text)]
        for what, leaked in (("items", items), ("anchors", anchors)):
            if leaked:
                words = f"{len(leaked)} {what} occur in {path.name}: {_listed(leaked)}"
                yield Finding(check="leakage", level="error", text=words)
    for other in others:
        known = {_asked(item): item.id for item in other.items}
        shared = [item.id for item in golden.items if _asked(item) in known]
        if shared:
            words = f"{len(shared)} items are also in golden set {other.name}: {_listed(shared)}"
            yield Finding(check="leakage", level="warning", text=words)


def _files(golden: GoldenSet) -> list[Path]:
    """The files in which no item may occur."""
    files = []
    for pattern in golden.manifest.not_in:
        base = golden.directory
        parts = Path(pattern).parts
        while parts and parts[0] == "..":
            base, parts = base.resolve().parent, parts[1:]
        matching = [path for path in sorted(base.glob(str(Path(*parts)))) if path.is_file()] if parts else []
        if not matching:
            remedy = f"{pattern!r} names no file; mend the pattern or remove it"
            raise GoldenSetError(golden.directory / "manifest.yaml", "not_in", remedy)
        files += matching
    return files


def _occurs(parts: Iterable[str], text: str) -> bool:
    """Whether one of the parts that are long enough to be the item's own occurs in a text."""
    return any(len(part) >= _LEAKING_LENGTH and part in text for part in map(_plain, parts))


def _text_of(path: Path) -> str:
    """A file's text; in lines of JSON what the strings say, not how they are escaped."""
    texts: list[str] = []
    for line in read_bytes(path).decode("utf-8", "replace").split("\n"):
        try:
            texts += _strings(json.loads(line))
        except ValueError:
            texts.append(line)
    return _plain("\n".join(texts))


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(child)


def _asked(item: GoldenItem) -> str:
    history = [turn.content for turn in item.history]
    return "\0".join(_plain(text) for text in (item.question, *history, *item.contexts))


def _plain(text: str) -> str:
    """Text as it is compared: compatibility forms, case and white space levelled."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
