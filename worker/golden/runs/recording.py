"""A recorded release made from a live one: its answers, to be judged again without asking anybody."""

from __future__ import annotations

import re
from pathlib import Path

from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.sets.files import RELEASE_NAME, GoldenSetError, write_text
from assay.worker.golden.sets.golden_set import GoldenSet


def release_to_record(golden: GoldenSet, name: str) -> Path:
    """Where a new release would lie.

    Raises:
        GoldenSetError: the name cannot be one, or there is such a release already: recorded answers are never replaced.
    """
    path = golden.release_path(name)
    if re.fullmatch(RELEASE_NAME, name) is None:
        raise GoldenSetError(path.parent, "record", f"{name!r} is no name of a release; use letters, digits, . _ and -")
    if path.exists():
        raise GoldenSetError(path, "record", "there is such a release; choose another name or remove the file")
    return path


def record_release(golden: GoldenSet, run: GoldenRun, name: str) -> Path:
    """Write the first repeat's answers of a run as a release of the set.

    Raises:
        GoldenSetError: as `release_to_record`; an item has no answer; the file cannot be written.
    """
    path = release_to_record(golden, name)
    answers = [result for result in run.items if result.repeat == 0]
    silent = [result.id for result in answers if result.response is None]
    if silent:
        remedy = f"{len(silent)} items have no answer (first: {silent[0]}); run again, a release has all of them"
        raise GoldenSetError(path, "record", remedy)
    lines = (result.as_release().model_dump_json(exclude_none=True) for result in answers)
    write_text(path, "".join(f"{line}\n" for line in lines))
    return path
