"""Where a calibration is written, and how: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from assay.judges.calibration import Calibration
from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot, calibration_path, packaged_root


def calibration_target(root: ConfigRoot, rubric: str, judge: str, use_case: str | None = None) -> Path:
    """The config root's own place for the file. It is never inside an installed package.

    Args:
        root: the config root.
        rubric: its name.
        judge: the judge's name.
        use_case: the one whose answers were labelled. None: it is to hold for all that have none of their own.

    Raises:
        ConfigurationError: there is no config root of the team's own.
    """
    if root.path == packaged_root() and Path.cwd() != root.path:
        raise ConfigurationError("config root: none here; name one with --config, or the file to write with --out")
    return calibration_path(root.path, rubric, judge, use_case)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration beside its place, then move it there.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if path.exists() and not path.is_file():
        # It would be replaced, and be it a device.
        raise ConfigurationError(f"{path}: is no plain file; name another file with --out")
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be written ({exc.strerror}); name another file with --out") from exc
