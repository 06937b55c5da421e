"""What a command that Ctrl-C ended leaves behind. Imports next to nothing, as the start of a command needs it."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.cli.streams import print_error

UNDECIDED = "nothing is decided"

_KEPT = {
    "backfill": "what was selected so far is judged; the same command goes on",
    "backup": "nothing was kept; run the same command again",
    "calibrate": "nothing was written; run the same command again",
    "dead": "what was changed so far stays; run the same command again",
    "demo": "run it again for the rest",
    "golden": "what was written so far stays; run the same command again",
    "import": "what was imported so far is kept; the same command takes the rest and doubles nothing",
    "init": "run the same command again",
    "labels": "what was written so far is kept; run the same command again",
    "sweep": "what was selected so far is kept; the same command goes on",
}
"""What is left, by command. The others only read."""

_READ_ONLY = "nothing was changed; run the same command again"


def decides(arguments: Sequence[str]) -> bool:
    """Whether a pipeline acts on the exit code of this command: `gate` and `golden run`."""
    return list(arguments[:1]) == ["gate"] or list(arguments[:2]) == ["golden", "run"]


_is_told: list[bool] = []


def tell_interruption(arguments: Sequence[str]) -> None:
    """Say once what an interrupted command leaves."""
    if not _is_told:
        _is_told.append(True)
        print_error(words_of_interruption(arguments))


def interruption_is_told() -> None:
    """Note that the command itself has said what it leaves."""
    _is_told.append(True)


def words_of_interruption(arguments: Sequence[str]) -> str:
    """A line about what was kept, and how to go on.

    Args:
        arguments: of the command line, without the program.
    """
    if decides(arguments):
        return f"assay: interrupted; {UNDECIDED}"
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    return f"assay: interrupted; {_KEPT.get(command, _READ_ONLY)}"
