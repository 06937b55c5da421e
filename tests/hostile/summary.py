"""What the suite found, by family and by way of obeying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.hostile.trial import Trial


@dataclass(frozen=True)
class Row:
    """Counts of one group: attacks, trials, structural successes, attacks that passed softly in at least one way."""

    name: str
    attacks: int
    trials: int
    structural: int
    soft: int

    @classmethod
    def of(cls, name: str, found: Sequence[Trial]) -> Row:
        """The counts over these trials."""
        return cls(
            name,
            len({trial.attack for trial in found}),
            len(found),
            sum(bool(trial.structural) for trial in found),
            len({trial.attack for trial in found if trial.soft}),
        )


def rows_of(found: Iterable[Trial]) -> list[Row]:
    """A row for each family, in the order they come."""
    groups: dict[str, list[Trial]] = {}
    for trial in found:
        groups.setdefault(trial.attack.family, []).append(trial)
    return [Row.of(name, group) for name, group in groups.items()]


def rows_by_way(found: Iterable[Trial]) -> list[Row]:
    """A row for each way of obeying."""
    groups: dict[str, list[Trial]] = {}
    for trial in found:
        groups.setdefault(trial.obeyed, []).append(trial)
    return [Row.of(name, group) for name, group in groups.items()]
