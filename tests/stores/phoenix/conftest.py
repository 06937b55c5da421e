"""A real Phoenix for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.stores import environment_of
from tests.stores.phoenix.server import lasting_phoenix

ENVIRONMENT = environment_of("phoenix")


@pytest.fixture(scope="session")
def phoenix_url() -> str:
    """The base URL of the real server."""
    assert ENVIRONMENT is not None
    return lasting_phoenix(ENVIRONMENT)
