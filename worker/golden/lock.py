"""The lock of a golden set: digests of everything that decides, written by freezing and asked by every run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, JsonValue, ValidationError

from judges.rubric import Rubric, first_problem
from judges.schema import Record
from worker.golden.goldenset import LOCK, GoldenSet, GoldenSetError, read_golden_set

_HEADER = "# Written by `assay golden freeze`; any difference to the files makes runs and gates exit 2.\n"


class Change(Record):
    """One part that differs from the lock; `old` is None for a new part, `new` for one that is gone.

    `detail` spells out settings (`at_most: 0.5 → 0.6`); files have none.
    """

    part: str
    old: str | None
    new: str | None
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.part} {_short(self.old)} → {_short(self.new)}{detail}"


class _Lock(Record):
    """The file's content. `settings` repeats the locked settings in clear, so that a change can be shown."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    digests: dict[str, str]
    settings: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)


def load_golden_set(directory: Path, rubric_named: Callable[[str], Rubric]) -> GoldenSet:
    """Read a golden set and hold it against its lock.

    Args:
        directory: `golden_sets/<name>`.
        rubric_named: finds the rubric the manifest names.

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
        remedy = f"changed since the set was frozen; undo it, or accept it with `assay golden freeze {golden.name}`"
        raise GoldenSetError(directory / LOCK, what, remedy)
    return golden


def changes_since_lock(golden: GoldenSet) -> tuple[Change, ...]:
    """What differs between a set and its lock; everything, where there is no lock yet.

    Raises:
        GoldenSetError: the lock cannot be read.
    """
    lock = _read_lock(golden.directory / LOCK)
    settings = _settings(golden)
    parts = sorted(lock.digests.keys() | golden.digests.keys())
    return tuple(
        Change(
            part=part,
            old=lock.digests.get(part),
            new=golden.digests.get(part),
            detail=_difference(lock.settings.get(part, {}), settings.get(part, {})),
        )
        for part in parts
        if lock.digests.get(part) != golden.digests.get(part)
    )


def freeze(golden: GoldenSet) -> tuple[Change, ...]:
    """Write the lock and return what changed; a set that already equals its lock is left untouched.

    Raises:
        GoldenSetError: the lock cannot be read or written.
    """
    changes = changes_since_lock(golden)
    if not changes:
        return ()
    path = golden.directory / LOCK
    lock = {"schema": 1, "digests": dict(sorted(golden.digests.items())), "settings": _settings(golden)}
    scratch = path.with_suffix(".lock.new")
    try:
        scratch.write_text(_HEADER + yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
        scratch.replace(path)
    except OSError as exc:
        raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc})") from exc
    return changes


def _settings(golden: GoldenSet) -> dict[str, dict[str, JsonValue]]:
    manifest = golden.manifest
    return {
        "pass_when": {name: limit.model_dump(exclude_none=True) for name, limit in manifest.pass_when.items()},
        "gate": manifest.gate.model_dump(mode="json"),
    }


def _difference(old: dict[str, JsonValue], new: dict[str, JsonValue]) -> str:
    """Changed keys with both values, in words."""
    keys = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    return ", ".join(f"{key}: {_value(old.get(key))} → {_value(new.get(key))}" for key in keys)


def _value(value: JsonValue) -> str:
    return "unset" if value is None else str(value)


def _short(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:12]


def _read_lock(path: Path) -> _Lock:
    if not path.exists():
        return _Lock(digests={})
    try:
        return _Lock.model_validate(yaml.safe_load(path.read_bytes()))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as exc:
        raise GoldenSetError(path, "file", "cannot be read; restore it from version control") from exc
    except ValidationError as exc:
        key, _ = first_problem(exc)
        raise GoldenSetError(path, key, "was not written by `assay golden freeze`; restore it") from exc
