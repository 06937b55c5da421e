"""Reads the JSON schemas that a rubric's checks name into the rubric itself, so that they travel with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.judges.errors import RubricError
from assay.judges.rubric.criteria import Check
from assay.judges.rubric.files import check_storable
from assay.judges.text.strict_json import strict_loads

MAX_BYTES = 200_000


def with_schemas(checks: Sequence[Check], directory: Path | None, source: str) -> tuple[Check, ...]:
    """The checks with the content of every schema file.

    Args:
        checks: as parsed.
        directory: where the rubric's file lies. None where its checks must hold their schemas already.
        source: the rubric's file, for errors.

    Raises:
        RubricError: a file is missing, too large or no JSON.
    """
    return tuple(_with_schema(check, directory, source) if check.schema_file else check for check in checks)


def _with_schema(check: Check, directory: Path | None, source: str) -> Check:
    key = f"checks.{check.score}.schema_file"
    if directory is None:
        if check.json_schema is None:
            raise RubricError(source, key, "its content is missing; load the rubric from its file")
        return check
    if check.json_schema is not None:
        raise RubricError(source, key, "stands beside json_schema; give one of them")
    if Path(check.schema_file).is_absolute():
        raise RubricError(source, key, "is absolute; name it relative to the rubric, so that it can move along")
    path = directory / check.schema_file
    try:
        raw = path.read_bytes()
        schema = strict_loads(raw.decode("utf-8-sig"))
        check_storable(schema, str(path))
    except OSError as exc:
        raise RubricError(source, key, f"{path} cannot be read ({exc.strerror}); mend the path") from exc
    except (ValueError, RecursionError) as exc:
        raise RubricError(str(path), "file", f"is no JSON ({str(exc)[:100]}); mend it") from exc
    if len(raw) > MAX_BYTES or not isinstance(schema, dict | bool):
        raise RubricError(str(path), "file", f"must be a JSON schema of at most {MAX_BYTES:,} bytes")
    return check.model_copy(update={"json_schema": schema})
