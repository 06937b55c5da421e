"""What an examination of a deployment finds: lines that say what is so, and what to do where it is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, JsonValue

from assay.judges.schema import Record

EXIT_CONFIGURATION, EXIT_BACKEND = 2, 3


class Check(Record):
    """One line: `warn` can be lived with, `fail` cannot; a fail is a person's to mend or a backend's.

    Attributes:
        group: the heading that it stands below, e.g. `Before launch`; empty: none.
        lines: what there is to say beneath it.
        excerpts: text of traces, one for each of the lines. It is for the terminal of the person who asked: no file
            and no log ever holds it.
        details: the same as data.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    message: str
    remedy: str = ""
    group: str = ""
    is_configuration: bool = False
    lines: tuple[str, ...] = ()
    excerpts: tuple[str, ...] = Field(default=(), exclude=True, repr=False)
    details: dict[str, JsonValue] = Field(default_factory=dict)


class PartState(Record):
    """What a process depends on, as it is now: whether it is well, why not, and what else is known.

    It never has an address or a key: whoever may reach the process may read it.
    """

    ok: bool
    why: str = ""
    details: Mapping[str, JsonValue] = Field(default_factory=dict)


def exit_code(checks: Iterable[Check]) -> int:
    """0 if nothing failed, 2 if a person must edit something, 3 if a backend does not answer."""
    failed = [check for check in checks if check.status == "fail"]
    if any(check.is_configuration for check in failed):
        return EXIT_CONFIGURATION
    return EXIT_BACKEND if failed else 0
