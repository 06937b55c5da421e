"""Files that a command writes for people: each is there whole, or as it was."""

from __future__ import annotations

import os
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.records.private_files import open_private, replace_private


def write_whole(path: Path, text: str, option: str) -> None:
    """Write a file that takes its name only when it is whole. What is new may be read by its owner alone.

    A pipe or a device, e.g. /dev/stdout, is written to as it is.

    Raises:
        ConfigurationError: it cannot be written.
    """
    if path.is_dir():
        raise ConfigurationError(f"{option} {path}: is a folder; name a file in it")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        with open_private(part) as file:
            file.write(text)
        replace_private(part, path)
    except OSError as exc:
        raise ConfigurationError(
            f"{option} {path}: cannot be written ({exc.strerror or exc}); name another file"
        ) from exc
    finally:
        part.unlink(missing_ok=True)
