"""Ids in the path of an address."""

from __future__ import annotations

import re
from urllib.parse import quote

from assay.worker.ports.store_errors import StoreRejected

_HALF = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair, e.g. `\\ud83d`; whole pairs are one character in Python."""


def quoted(part: str) -> str:
    """An id as one part of a path: `../a?b` becomes `..%2Fa%3Fb`.

    Raises:
        StoreRejected: it is no text: half of a surrogate pair. Or it leads elsewhere in the path: `..`.
    """
    if _HALF.search(part):
        raise StoreRejected("an id that is no text: half of a surrogate pair")
    if part in {"", ".", ".."} or len(part) > 1000:
        raise StoreRejected(f"{part[:20]!a} is no id")
    return quote(part, safe="")
