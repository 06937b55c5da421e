"""The lock of a golden set: digests of everything that decides, written by freezing and asked by every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, JsonValue, ValidationError

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.judges.team_files.problems import first_problem
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.golden.sets.baseline import baseline_digests
from assay.worker.golden.sets.files import GoldenSetError, digest_of, read_prompt, read_records, write_text
from assay.worker.golden.sets.golden_set import LOCK, GoldenSet, gate_settings, read_golden_set
from assay.worker.golden.sets.manifest import GateSettings, Release
from assay.worker.golden.sets.target_settings import ModelTargetSettings

_NAMED = 5
_HEADER = "# Written by `assay golden freeze`; any difference to the files makes runs and gates exit 2.\n"


class Change(Record):
    """One part that differs from the lock; `old` is None for a new part, `new` for one that is gone.

    `detail` spells out settings (`hallucination_risk.at_most: 0.5 → 0.6`) and, for files, which entries were changed,
    added or removed.
    """

    part: str
    old: str | None
    new: str | None
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.part} {_short(self.old)} → {_short(self.new)}{detail}"


class _Lock(Record):
    """The file's content.

    `settings` repeats the locked settings in clear and `entries` has a short digest of every item, anchor and baseline
    file, so that a change can be shown and not only noticed. `noted` holds digests that nothing is held to.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    digests: dict[str, str]
    settings: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    entries: dict[str, dict[str, str]] = Field(default_factory=dict)
    noted: dict[str, str] = Field(default_factory=dict)


def load_golden_set(
    directory: Path, rubric_named: Callable[[str], Rubric], comes_packaged: Callable[[str], bool] = lambda _: False
) -> GoldenSet:
    """Read a golden set and hold it against its lock.

    Args:
        directory: `golden_sets/<name>`.
        rubric_named: finds the rubric the manifest names.
        comes_packaged: whether a rubric of this name is the packaged one, which a new version of Assay may change.

    Raises:
        GoldenSetError: the set cannot be read, was never frozen, or differs from its lock.
        RubricError: from `rubric_named`.
    """
    golden = read_golden_set(directory, rubric_named)
    if not (directory / LOCK).exists():
        remedy = f"the set was never frozen; check it, then run `assay golden freeze {golden.name}`"
        raise GoldenSetError(directory / LOCK, "file", remedy)
    changes = changes_since_lock(golden)
    if changes:
        what = "; ".join(str(change) for change in changes)
        is_packaged = comes_packaged(golden.rubric.name)
        raise GoldenSetError(directory / LOCK, what, _remedy(golden, changes, is_packaged=is_packaged))
    return golden


def _remedy(golden: GoldenSet, changes: Sequence[Change], *, is_packaged: bool) -> str:
    """What to do about changes: a person undoes or accepts them, those that a new version of Assay brings are told."""
    accept = f"`assay golden freeze {golden.name}`"
    told = []
    parts = {change.part for change in changes}
    if _sums_by_default(golden):
        parts.discard("gate")
        told.append(
            "items of one source are now summed before a test (gate.cluster_by: source_id), and this set was frozen "
            "before they were; `gate: {cluster_by: item}` in the manifest keeps the old test"
        )
    locked = _read_lock(golden.directory / LOCK).settings.get("rubric", {})
    if is_packaged and "rubric" in parts and locked.get("name", golden.rubric.name) == golden.rubric.name:
        parts.discard("rubric")
        told.append(
            f"the packaged rubric {golden.rubric.name!r} changed with Assay's version, or with a variable in it"
        )
    if parts:
        told.append(f"{', '.join(sorted(parts))} changed since the set was frozen; undo it, or accept it with {accept}")
        return "; ".join(told)
    return f"{'; '.join(told)}; look at it, then {accept} accepts it"


def _sums_by_default(golden: GoldenSet) -> bool:
    """Whether nothing but the default of `cluster_by` is new in the gate's settings."""
    locked, now = _read_lock(golden.directory / LOCK).settings.get("gate"), gate_settings(golden)
    if locked is None or "cluster_by" in locked or now.get("cluster_by") != GateSettings().cluster_by:
        return False
    return {**locked, "cluster_by": now["cluster_by"]} == now


def changes_since_lock(golden: GoldenSet) -> tuple[Change, ...]:
    """What differs between a set and its lock; everything, where there is no lock yet.

    Raises:
        GoldenSetError: the lock cannot be read.
    """
    lock = _read_lock(golden.directory / LOCK)
    settings, entries = _settings(golden), _entries(golden)
    parts = sorted(lock.digests.keys() | golden.digests.keys())
    return tuple(
        Change(
            part=part,
            old=lock.digests.get(part),
            new=golden.digests.get(part),
            detail=_difference(lock.settings.get(part, {}), settings.get(part, {}))
            or _entry_difference(lock.entries.get(part, {}), entries.get(part, {})),
        )
        for part in parts
        if lock.digests.get(part) != golden.digests.get(part)
    )


def noted_changes(golden: GoldenSet) -> tuple[Change, ...]:
    """What the lock notes without holding anybody to it, and has changed: the prompt of a model target.

    A changed prompt is what a gate is there to try, so it is no error; it is said instead.

    Raises:
        GoldenSetError: lock or prompt cannot be read.
    """
    noted, now = _read_lock(golden.directory / LOCK).noted, _noted(golden)
    names = sorted(noted.keys() | now.keys())
    return tuple(
        Change(part=name, old=noted.get(name), new=now.get(name)) for name in names if noted.get(name) != now.get(name)
    )


def freeze(golden: GoldenSet) -> tuple[Change, ...]:
    """Write the lock and return what changed; a set that already equals its lock is left untouched.

    Raises:
        GoldenSetError: the lock cannot be read or written.
    """
    changes = changes_since_lock(golden) + noted_changes(golden)
    if not changes:
        return ()
    path = golden.directory / LOCK
    lock = {
        "schema": 1,
        "digests": dict(sorted(golden.digests.items())),
        "settings": _settings(golden),
        "entries": _entries(golden),
        **({"noted": noted} if (noted := _noted(golden)) else {}),
    }
    write_text(path, _HEADER + yaml.safe_dump(lock, sort_keys=False, allow_unicode=True))
    return changes


def _settings(golden: GoldenSet) -> dict[str, dict[str, JsonValue]]:
    manifest = golden.manifest
    return {
        "pass_when": {name: limit.model_dump(exclude_none=True) for name, limit in manifest.pass_when.items()},
        "gate": gate_settings(golden),
        "rubric": golden.rubric.model_dump(mode="json", exclude={"write"}),
    }


def _noted(golden: GoldenSet) -> dict[str, str]:
    """Digests that are written down for information."""
    target = golden.manifest.target
    if not isinstance(target, ModelTargetSettings):
        return {}
    return {f"prompt {target.prompt}": read_prompt(golden.directory, target.prompt)[1]}


def _entries(golden: GoldenSet) -> dict[str, dict[str, str]]:
    """A short digest of every record and baseline file."""
    entries = {
        "items": {item.id: digest_of(item.model_dump(mode="json"))[:12] for item in golden.items},
        "anchors": {anchor.id: digest_of(anchor.model_dump(mode="json"))[:12] for anchor in golden.anchors},
    }
    if golden.baseline is not None:
        entries["baseline"] = {name: digest[:12] for name, digest in baseline_digests(golden.baseline).items()}
    elif golden.manifest.baseline is not None:
        path = golden.release_path(golden.manifest.baseline)
        releases = read_records(path, Release)
        entries["baseline"] = {release.id: digest_of(release.model_dump(mode="json"))[:12] for release in releases}
    return entries


def _difference(old: JsonValue, new: JsonValue) -> str:
    """Changed keys with both values, in words; keys of nested settings are dotted."""
    before, after = dict(leaves(old)), dict(leaves(new))
    keys = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    return ", ".join(f"{key}: {_value(before.get(key))} → {_value(after.get(key))}" for key in keys)


def leaves(value: JsonValue, prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every value of nested settings with its dotted key."""
    if not isinstance(value, dict):
        yield prefix, value
        return
    for key, child in value.items():
        yield from leaves(child, f"{prefix}.{key}" if prefix else key)


def _entry_difference(old: dict[str, str], new: dict[str, str]) -> str:
    """Which entries were changed, added or removed; nothing for a part without entries."""
    if not old and not new:
        return ""
    groups = {
        "changed": [name for name in new if name in old and old[name] != new[name]],
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
    }
    if not any(groups.values()):
        return "order or layout of the file"
    return "; ".join(f"{word} {_listed(names)}" for word, names in groups.items() if names)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _value(value: JsonValue) -> str:
    return "unset" if value is None else str(value)


def _short(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:12]


def _read_lock(path: Path) -> _Lock:
    if not path.exists():
        return _Lock(digests={})
    try:
        return _Lock.model_validate(read_document(path).value)
    except FileProblem as exc:
        raise GoldenSetError(path, "file", "cannot be read; restore it from version control") from exc
    except ValidationError as exc:
        key, _ = first_problem(exc)
        raise GoldenSetError(path, key, "was not written by `assay golden freeze`; restore it") from exc
