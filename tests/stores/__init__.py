"""Real trace stores, installed from PyPI. `make test-stores` installs each into an environment of its own.

`ASSAY_TEST_STORES` names the folder that holds these environments, one by each kind of store. Unset: nothing is
collected here, and the contract suite has no bench with a real server.
"""

from __future__ import annotations

import os
from pathlib import Path

ENVIRONMENT = "ASSAY_TEST_STORES"


def environment_of(kind: str) -> Path | None:
    """The virtual environment of one store; None where none is named, or where it is not installed."""
    named = os.environ.get(ENVIRONMENT)  # noqa: TID251  # tells where servers are, before tests clean it
    folder = Path(named).absolute() / kind if named else None
    return folder if folder is not None and (folder / "bin").is_dir() else None
