"""Lists that come in pages, and some that would never end."""

from __future__ import annotations

from collections.abc import Collection

from assay.worker.ports.store_errors import StoreUnavailable

MOST_PAGES = 10_000
"""Of one list."""
MOST_IDLE_PAGES = 20
"""Pages in a row without a row that is new. An index that is behind may give a few."""


class Pages:
    """Watches over a list that comes in pages: one that turns in a circle is told, and not followed for ever."""

    def __init__(self, where: str, *, most: int = MOST_PAGES, most_idle: int = MOST_IDLE_PAGES) -> None:
        self._where = where
        self._most, self._most_idle = most, most_idle
        self._cursors: set[object] = set()
        self._ids: set[str] = set()
        self._pages = self._idle = 0

    def turn(self, cursor: object, ids: Collection[str] | None = None) -> None:
        """Note a page before the next one is asked for.

        Args:
            cursor: where the next page begins; None where the server has none.
            ids: of the rows of this page. A page without a new one is idle. None: not known.

        Raises:
            StoreUnavailable: the cursor was there before, or pages come without an end.
        """
        self._pages += 1
        if cursor is not None and cursor in self._cursors:
            raise StoreUnavailable(
                f"{self._where}: a list that turns in a circle: page {self._pages} leads to an earlier"
            )
        self._cursors.add(cursor)
        if ids is not None:
            is_idle = self._ids.issuperset(ids)
            self._ids.update(ids)
            self._idle = self._idle + 1 if is_idle else 0
        if self._idle > self._most_idle:
            raise StoreUnavailable(f"{self._where}: a list that does not end: {self._idle} pages with nothing new")
        if self._pages >= self._most:
            raise StoreUnavailable(f"{self._where}: a list that does not end: {self._pages} pages")
