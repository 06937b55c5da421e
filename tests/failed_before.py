"""Which tests failed in the last run, said aloud before `make test-failed` tries them again.

    python -m tests.failed_before

Exit code 1 where nothing is noted or too much failed: then another try would hide more than it tells.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NOTED = Path(".pytest_cache/v/cache/lastfailed")
"""Where pytest notes tests that failed, as an object: `{"tests/unit/test_docs.py::test_x": true}`."""
MOST = 10
"""Tests that may be tried again. More do not fail by chance."""


def main(noted: Path = NOTED) -> int:
    """Print the tests, and say whether they may be tried again."""
    try:
        failed = sorted(json.loads(noted.read_text()))
    except FileNotFoundError:
        failed = []
    shown = "\n".join(f"  {test}" for test in failed[:MOST])
    print(f"failed on the busy machine: {len(failed)}\n{shown}")
    if 1 <= len(failed) <= MOST:
        print("tried again alone. A test that passes now depends on the machine's speed: mend it.")
        return 0
    print(f"not tried again: between 1 and {MOST} may be")
    return 1


if __name__ == "__main__":
    sys.exit(main())
