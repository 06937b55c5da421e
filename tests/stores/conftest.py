"""What the tests on real stores share: which of them are there."""

from __future__ import annotations

from tests.stores import environment_of

KINDS = ("phoenix", "mlflow")

collect_ignore_glob = [f"{kind}/test_*.py" for kind in KINDS if environment_of(kind) is None]
collect_ignore_glob += [f"test_{kind}*.py" for kind in KINDS if environment_of(kind) is None]
