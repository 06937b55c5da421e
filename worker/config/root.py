"""The config root: where assay.yaml, rubrics, golden sets and calibrations lie.

It is the first of `--config`, `ASSAY_CONFIG_DIR`, the current directory if it holds an `assay.yaml`, and the packaged
defaults.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.judges.base import Judge
from assay.judges.calibration import Calibration, CalibrationError, read_calibration
from assay.judges.errors import ConfigurationError, RubricError
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.schema import Record
from assay.judges.team_files.near_names import did_you_mean
from assay.judges.team_files.reading import read_document
from assay.worker.config.deployment import CONFIG_FILE, Deployment, parse_deployment
from assay.worker.config.settings import Settings

# The standard library's logger: in a command it writes to stderr, where structlog by itself would write to stdout.
log = logging.getLogger(__name__)


RESTORE_MARK = Path(".restore", "moves.json")
"""In the data directory while a restore puts its files in place. Who sees it sees a half of the old and the new."""

RESTORE_UNPACKED = Path(".restore", "new")
"""In the data directory from the begin of a restore on. Who opened a database now would write into the old file."""


class ConfigRoot(Record):
    """A directory with assay.yaml, rubrics/ and golden_sets/. Packaged ones stand in for missing ones.

    `is_named` tells that somebody named it, by --config or ASSAY_CONFIG_DIR: then the current directory counts nothing.
    """

    path: Path
    is_named: bool = False

    def deployment(self) -> Deployment:
        """Read and check assay.yaml.

        Raises:
            ConfigurationError: names file, key and remedy.
        """
        return parse_deployment(self.path / CONFIG_FILE)

    def data_dir(self, settings: Settings) -> Path:
        """Where the embedded store, broker and logs live: ASSAY_DATA_DIR, else `.assay` beside assay.yaml.

        Raises:
            InterruptedRestore: a restore runs there, or was killed half way.
        """
        if settings.data_dir is not None:
            return _whole(settings.data_dir.absolute())
        home = Path.cwd() if self.path == packaged_root() and not _is_checkout(self.path) else self.path
        return _whole(home.absolute() / ".assay")

    def rubric(self, name: str, variables: Mapping[str, str]) -> Rubric:
        """Load a rubric by name.

        Raises:
            RubricError: unknown or broken. The message names those that are known.
        """
        # Only what stands in the list: a name such as `../other/grounding` would lead out of the directory.
        if name in self.rubric_names():
            paths = (root / "rubrics" / f"{name}.yaml" for root in (self.path, packaged_root()))
            return load_named_rubric(next(path for path in paths if path.is_file()), variables)
        remedy = f"unknown; {did_you_mean(name, self.rubric_names(), 'known rubrics')}"
        raise RubricError(str(self.path / CONFIG_FILE), f"rubric {name!r}", remedy)

    def rubric_names(self) -> list[str]:
        """Names of all rubrics in reach."""
        roots = (self.path, packaged_root())
        return sorted({p.stem for root in roots for p in (root / "rubrics").glob("*.yaml") if p.is_file()})

    def calibration(self, rubric: Rubric, judge: Judge, use_case: str | None = None) -> Calibration | None:
        """The calibration in force for a rubric and its judge: the use case's own, else the general one.

        One that no longer holds is left out with a warning. A risk is never calibrated by another judge's labels.

        Returns:
            None: there is none, or none that still holds.

        Raises:
            CalibrationError: the file cannot be read as a calibration.
        """
        for name in dict.fromkeys((use_case, None)):
            for root in (self.path, packaged_root()):
                path = calibration_path(root, rubric.name, judge.name, name)
                if not path.is_file():
                    continue
                calibration = _calibration_of(path, name)
                mismatch = calibration.mismatch(rubric, judge)
                if mismatch is None:
                    return calibration
                log.warning("%s: not used: %s; fit it again with `assay calibrate`", path, mismatch)
                if name is None:
                    return None
                break  # the general one is nearer than none
        return None

    def has_calibration(self, rubric: Rubric, use_case: str | None = None) -> bool:
        """Whether there is a file for any of this rubric's judges, whether or not it still holds.

        Args:
            rubric: the rubric.
            use_case: whose own files are looked for. None: the general ones.
        """
        roots, tiers = (self.path, packaged_root()), rubric.judge.tiers
        return any(calibration_path(root, rubric.name, tier, use_case).is_file() for root in roots for tier in tiers)

    def foreign_calibrations(self, use_cases: Sequence[str]) -> list[Path]:
        """Files of the team's calibrations for other use cases than these, e.g. of one that was renamed."""
        files = sorted((self.path / "calibration").glob("*@*.json"))
        return [path for path in files if path.stem.rpartition("@")[2] not in use_cases]

    def golden_set(self, name: str) -> Path:
        """Directory of a golden set.

        Raises:
            ConfigurationError: unknown; the message names those that are known. Or the current directory, which is no
                config root, holds another set of that name: the packaged one would be taken instead.
        """
        for root in (self.path, packaged_root()):
            path = root / "golden_sets" / name
            if (path / "manifest.yaml").exists():
                if root == packaged_root() and not self.is_named:
                    _check_not_meant(path)
                return path
        known = did_you_mean(name, self.golden_set_names())
        raise ConfigurationError(f"{self.path / 'golden_sets'}: {name}: unknown golden set; {known}")

    def golden_set_names(self) -> list[str]:
        """Names of all golden sets in reach."""
        roots = (self.path, packaged_root())
        return sorted({p.parent.name for root in roots for p in (root / "golden_sets").glob("*/manifest.yaml")})


def calibration_path(root: Path, rubric: str, judge: str, use_case: str | None = None) -> Path:
    """Where in a config root the calibration of a rubric's judge lies, e.g. `grounding-local@support-bot.json`."""
    return root / "calibration" / f"{rubric}-{judge}{f'@{use_case}' if use_case else ''}.json"


def _calibration_of(path: Path, use_case: str | None) -> Calibration:
    """The calibration in a file, which is for the use case that its name tells.

    Raises:
        CalibrationError: unreadable, or fitted for another use case: a curve does not transfer.
    """
    calibration = read_calibration(path)
    if calibration.use_case != use_case:
        fitted = f"use case {calibration.use_case!r} alone" if calibration.use_case else "no use case of its own"
        raise CalibrationError(
            f"{path}: use_case: was fitted for {fitted}; give it the name that `assay calibrate` gave it, or fit one "
            f"for {f'use case {use_case!r}' if use_case else 'all'}"
        )
    return calibration


def load_named_rubric(path: Path, variables: Mapping[str, str]) -> Rubric:
    """Load a rubric whose name is that of its file, as it must be in a config root.

    It is asked for by the name of its file, and known in scores, records and calibrations by its own.

    Raises:
        RubricError: broken, or the names differ.
    """
    rubric = load_rubric(path, variables)
    if rubric.name != path.stem:
        remedy = f"is {rubric.name!r}, but the file is {path.name!r}; rename the file {rubric.name}.yaml, or the rubric"
        raise RubricError(str(path), "name", remedy, read_document(path).line(("name",)))
    return rubric


def packaged_root() -> Path:
    """The defaults that come with the distribution: inside the wheel, or the checkout itself."""
    package = Path(__file__).resolve().parents[1]  # resolved: a checkout is imported through a link
    inside = package / "defaults"
    return inside if inside.is_dir() else package.parent


def find_root(given: Path | None, settings: Settings) -> ConfigRoot:
    """The config root in force.

    Raises:
        ConfigurationError: a root was named that holds no assay.yaml.
    """
    for named, how in ((given, "--config"), (settings.config_dir, "ASSAY_CONFIG_DIR")):
        if named is not None:
            if not (named / CONFIG_FILE).is_file():
                raise ConfigurationError(f"{named}: {how}: holds no {CONFIG_FILE}; name the directory that does")
            return ConfigRoot(path=named.absolute(), is_named=True)
    here = Path.cwd()
    return ConfigRoot(path=here if (here / CONFIG_FILE).is_file() else packaged_root())


def _whole(data_dir: Path) -> Path:
    """The data directory itself, where no restore runs and none was killed half way.

    Raises:
        InterruptedRestore
    """
    # False also where nobody may look
    if any(os.path.exists(data_dir / mark) for mark in (RESTORE_MARK, RESTORE_UNPACKED)):  # noqa: PTH110
        from assay.worker.config.interrupted_restore import InterruptedRestore

        raise InterruptedRestore(data_dir)
    return data_dir


def _check_not_meant(packaged: Path) -> None:
    """Refuse a packaged golden set where the current directory holds one of its name."""
    here = Path("golden_sets", packaged.name)
    if (here / "manifest.yaml").is_file() and not here.samefile(packaged):
        raise ConfigurationError(
            f"{here}: not used: without {CONFIG_FILE} in this directory {packaged} would be; "
            "make one by `assay init`, or name another directory by --config"
        )


def _is_checkout(path: Path) -> bool:
    return (path / "pyproject.toml").is_file()
