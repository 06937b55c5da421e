"""The roots of one window, kept small while a sweep looks at them twice.

A sweep must know how many traces a window has before it can choose among them. A big project has hundreds of
thousands in one window. So pages are kept compressed. Of the ids only the hashes are kept, to find those that
come twice.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from assay.worker.records.traces import TraceRoot

_FAST = 1


class RootBuffer:
    """Takes pages of roots in any order and gives every trace back once: its earliest root."""

    def __init__(self) -> None:
        self._pages: list[bytes] = []
        self._seen: set[int] = set()
        self._twice: set[str] = set()

    def add(self, page: Sequence[TraceRoot]) -> None:
        """Keep a page."""
        for root in page:
            # 64 bits of SipHash: two ids of a window practically never share one.
            mark = hash(root.trace_id)
            if mark in self._seen:
                self._twice.add(root.trace_id)
            self._seen.add(mark)
        self._pages.append(zlib.compress(b"\n".join(map(_packed, page)), _FAST))

    def pages(self) -> Iterator[list[TraceRoot]]:
        """Pages of traces, each trace once. May be called again."""
        earliest: dict[str, TraceRoot] = {}
        for page in self._pages:
            single: list[TraceRoot] = []
            for root in _unpacked(page):
                if root.trace_id not in self._twice:
                    single.append(root)
                elif root.trace_id not in earliest or root.start < earliest[root.trace_id].start:
                    earliest[root.trace_id] = root
            if single:
                yield single
        if earliest:
            yield list(earliest.values())


def _packed(root: TraceRoot) -> bytes:
    try:
        return root.model_dump_json().encode()
    except ValueError:  # a lone surrogate somewhere: JSON can hold it as an escape
        return json.dumps(root.model_dump(), default=datetime.isoformat).encode()


def _unpacked(page: bytes) -> Iterator[TraceRoot]:
    for line in zlib.decompress(page).split(b"\n"):
        if line:
            try:
                yield TraceRoot.model_validate_json(line)
            except ValueError:
                yield TraceRoot.model_validate(json.loads(line))
