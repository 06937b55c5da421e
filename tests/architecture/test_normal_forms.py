"""All text is brought into a normal form by the one function that takes time in proportion to it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

OWN = "judges/text/bounded_marks.py"

OF_ONE_CHARACTER = {"judges/text/quotes.py", "judges/values/deobfuscate.py", "worker/cli/plain_text.py"}
"""Files that ask for the form of single characters, which have no run of marks."""

_ASKS_PYTHON = re.compile(r"\bunicodedata\.(?:is_)?normal|\bfrom unicodedata import[^\n]*normal")
"""A use of Python's own function, e.g. `unicodedata.normalize`."""


def test_no_text_is_normalised_by_python_alone() -> None:
    files = [path for part in ("judges", "worker") for path in (ROOT / part).rglob("*.py")]
    using = {str(path.relative_to(ROOT)) for path in files if _ASKS_PYTHON.search(path.read_text("utf-8"))}
    assert using == {OWN, *OF_ONE_CHARACTER}
