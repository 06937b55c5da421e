"""The checks of one process, or of all processes of pytest-xdist: of a test that ran again, its last attempt's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.worker.pytest_plugin.checked import Checked

OWN = ""
"""What this process is called. Processes of pytest-xdist are called e.g. `gw0`."""


class Checks:
    """What was checked, test by test."""

    def __init__(self) -> None:
        self._checks: dict[tuple[str, str], list[Checked]] = {}
        self._left_out: dict[tuple[str, str], int] = {}

    @property
    def all(self) -> list[Checked]:
        """The checks that count."""
        return [checked for checks in self._checks.values() for checked in checks]

    @property
    def left_out(self) -> int:
        """Checks of attempts that were followed by another."""
        return sum(self._left_out.values())

    def begin(self, test: str) -> None:
        """Leave out what an earlier attempt of a test checked, as by `pytest --reruns`."""
        earlier = self._checks.pop((OWN, test), None)
        if earlier:
            self._left_out[OWN, test] = self._left_out.get((OWN, test), 0) + len(earlier)

    def add(self, checked: Checked) -> None:
        """Keep a check."""
        self._checks.setdefault((OWN, checked.test), []).append(checked)

    def of_set(self, name: str) -> list[Checked]:
        """The checks of a golden set's items."""
        return [checked for checked in self.all if checked.golden_set == name]

    def handed_over(self, test: str) -> dict[str, Any] | None:
        """What a test checked, as plain values. None: nothing."""
        checks, left_out = self._checks.get((OWN, test), []), self._left_out.get((OWN, test), 0)
        if not checks and not left_out:
            return None
        return {"checks": [checked.model_dump(mode="json") for checked in checks], "left_out": left_out}

    def take_over(self, process: str, test: str, told: Mapping[str, Any]) -> None:
        """Take what another process handed over of a test, in the place of an earlier attempt's."""
        from assay.worker.pytest_plugin.checked import Checked

        self._checks[process, test] = [Checked.model_validate(checked) for checked in told["checks"]]
        self._left_out[process, test] = told["left_out"]


def answered_twice(checks: Sequence[Checked]) -> dict[str, tuple[Checked, Checked]]:
    """Items of one set that have two answers which differ, with the first two of them, by the item's id."""
    first: dict[str, Checked] = {}
    twice: dict[str, tuple[Checked, Checked]] = {}
    for checked in checks:
        other = first.setdefault(checked.item_id, checked)
        if (other.response, other.contexts) != (checked.response, checked.contexts):
            twice.setdefault(checked.item_id, (other, checked))
    return twice
