"""Writing to a terminal, a file or a pipe whose reader may leave. Imports next to nothing, as the start needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


def print_error(text: str) -> None:
    """Print a line on stderr, if somebody reads it. Foreign text in it, an argument too, cannot drive a terminal."""
    print_to(sys.stderr, _visible(text))


def print_line(text: str) -> None:
    """Print a line on stdout, if somebody reads it. Foreign text in it cannot drive a terminal."""
    print_to(sys.stdout, _visible(text))


@contextmanager
def harmless_complaints() -> Iterator[None]:
    """Have complaints about arguments, which Typer prints and which repeat them, drive no terminal."""
    try:
        yield
    except Exception as exc:
        # Of click's errors, whose classes Typer does not show: the whole words, and what they are put together from.
        for name in ("message", "option_name", "param_hint"):
            words = getattr(exc, name, None)
            if isinstance(words, str):
                setattr(exc, name, _visible(words))
        raise


def _visible(text: str) -> str:
    # Not at the top: what begins a command must be there even where everything else cannot be imported.
    from assay.worker.reporting.terminal.visible import visible

    return visible(text)


def print_to(stream: IO[str] | None, text: str) -> None:
    """Print data on a stream as it is, if somebody reads it. The stream is None where it was closed from the start."""
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        stop_writing(stream)


def stop_writing(stream: IO[str]) -> None:
    """Send what is still written to a stream nowhere, also what Python writes when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
