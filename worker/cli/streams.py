"""Writing to a terminal, a file or a pipe whose reader may leave. Imports next to nothing, as the start needs it."""

from __future__ import annotations

import os
import sys
from typing import IO


def print_error(text: str) -> None:
    """Print a line on stderr, if somebody reads it."""
    print_to(sys.stderr, text)


def print_to(stream: IO[str] | None, text: str) -> None:
    """Print a line on a stream, if somebody reads it. The stream is None where it was closed from the start."""
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
