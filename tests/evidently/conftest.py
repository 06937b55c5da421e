"""Where Evidently is. `make test-evidently` installs it and says so; without it nothing here is collected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ENVIRONMENT = "ASSAY_TEST_EVIDENTLY"
"""The environment variable that names its virtual environment."""

collect_ignore_glob = [] if ENVIRONMENT in os.environ else ["test_*.py"]  # noqa: TID251  # tells where it is


@pytest.fixture(scope="session")
def evidently_python() -> Path:
    """The interpreter of its environment."""
    return Path(os.environ[ENVIRONMENT]).absolute() / "bin" / "python"  # noqa: TID251  # tells where it is
