"""One thread for linear algebra in each process, unless the environment asks for more.

What we multiply is small: 64 columns, some thousand rows. The threads of OpenBLAS, one for each core of the machine in
each process, would wait for each other and burn the processors that judging needs.
"""

from __future__ import annotations

import os

_ASKED_BY = ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
"""What OpenBLAS reads when numpy loads it, the first that is set."""


def bound_math_threads() -> None:
    """Ask for one, for this process and those it starts. It counts where numpy has not been imported yet."""
    environ = os.environ  # noqa: TID251  # numpy takes it from nowhere else
    if not any(name in environ for name in _ASKED_BY):
        environ[_ASKED_BY[0]] = "1"
