"""`assay doctor --fix`: proposed selectors into the rubrics of the team's own folder."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import load_rubric, parse_rubric
from assay.judges.schema import Record
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.setup.proposals import Proposal
from assay.worker.setup.rubric_edit import with_chains

_SCHEMA_HINT = "# yaml-language-server: $schema=./rubric.schema.json"


class RubricFix(Record):
    """One file that would change.

    Attributes:
        path: the team's file.
        copied_from: the packaged rubric it begins as; None where the team has one.
        before: the text now, of the packaged one where it is copied.
        frozen: golden sets that hold the version before.
    """

    rubric: str
    path: Path
    copied_from: Path | None
    before: str
    after: str
    version_before: str
    version_after: str
    frozen: tuple[str, ...] = ()

    def diff(self) -> str:
        """The difference as `diff -u` shows it."""
        old = self.copied_from or self.path
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(old), str(self.path), lineterm="", n=3
        )
        return "\n".join(lines)


def plan_fixes(
    root: ConfigRoot, proposals: Mapping[str, Sequence[Proposal]], variables: Mapping[str, str]
) -> list[RubricFix]:
    """What `write_fix` would do. Nothing is written.

    Raises:
        ConfigurationError: there is no config root of the team's, a file may not be written, or its layout has no
            place for the lines.
    """
    if proposals and root.path == packaged_root() != Path.cwd():
        raise ConfigurationError(
            f"{root.path / CONFIG_FILE}: file: is the packaged one, and not yours to change; run `assay init` in "
            "a folder of yours, then doctor there"
        )
    return [_plan(root, name, lines, variables) for name, lines in proposals.items()]


def _plan(root: ConfigRoot, name: str, lines: Sequence[Proposal], variables: Mapping[str, str]) -> RubricFix:
    path = root.path / "rubrics" / f"{name}.yaml"
    packaged = packaged_root() / "rubrics" / f"{name}.yaml"
    is_copied = not path.is_file()
    source = packaged if is_copied else path
    _check_writable(path)
    before = _read(source)
    start = before
    if is_copied and not (path.parent / "rubric.schema.json").is_file():
        start = before.replace(_SCHEMA_HINT + "\n", "", 1)  # the schema it names does not lie in the team's folder
    chains: dict[str, tuple[str, ...]] = {}
    for line in sorted(lines, key=lambda line: len(line.chain)):
        chains[line.part] = line.chain
    after = with_chains(start, chains, source=source, variables=variables)
    return RubricFix(
        rubric=name,
        path=path,
        copied_from=packaged if is_copied else None,
        before=before,
        after=after,
        version_before=load_rubric(source, variables).content_hash(),
        version_after=_version(after, source, variables),
        frozen=_frozen_with(root, name),
    )


def write_fix(fix: RubricFix) -> None:
    """Write one file whole, or not at all.

    Raises:
        ConfigurationError: it cannot be written, or was changed meanwhile.
    """
    target = fix.path.resolve()  # a link stays one
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if fix.copied_from is None and _read(fix.path) != fix.before:
            raise ConfigurationError(f"{fix.path}: file: was changed meanwhile; run `assay doctor --fix` again")
        if fix.copied_from is not None and target.exists():
            raise ConfigurationError(f"{fix.path}: file: was made meanwhile; run `assay doctor --fix` again")
        _replace(target, fix.after)
    except OSError as exc:
        raise ConfigurationError(f"{fix.path}: file: cannot be written ({exc.strerror or exc})") from exc


def _replace(target: Path, text: str) -> None:
    handle, fresh = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, fresh)
        else:
            Path(fresh).chmod(0o644)
        Path(fresh).replace(target)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def _check_writable(path: Path) -> None:
    """Refuse a file whose owner said that it is not to be written, whoever runs this; and a folder that cannot be."""
    target = path.resolve()
    if target.is_file() and not target.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(f"{path}: file: is read-only; `chmod u+w` it, or add the lines yourself")
    folder = next(parent for parent in target.parents if parent.is_dir())
    if not os.access(folder, os.W_OK) or (target.is_file() and not os.access(target, os.W_OK)):
        raise ConfigurationError(f"{path}: file: cannot be written here; add the lines where it is kept")


def _read(path: Path) -> str:
    """The text with the line ends it has.

    Raises:
        ConfigurationError: unreadable.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path}: file: cannot be read ({exc})") from exc


def _version(text: str, source: Path, variables: Mapping[str, str]) -> str:
    return parse_rubric(text, source=str(source), variables=variables, directory=source.parent).content_hash()


def _frozen_with(root: ConfigRoot, rubric: str) -> tuple[str, ...]:
    """Golden sets of the team's own folder that are judged by a rubric: their locks hold its version."""
    names = []
    for manifest in sorted((root.path / "golden_sets").glob("*/manifest.yaml")):
        try:
            data = read_document(manifest).value
        except FileProblem:
            continue  # it is broken, and other commands say so
        if isinstance(data, dict) and data.get("rubric", "grounding") == rubric:
            names.append(manifest.parent.name)
    return tuple(names)
