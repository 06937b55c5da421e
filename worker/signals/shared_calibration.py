"""Where a calibrated risk may say more than it knows: a curve that was fitted on the answers of another use case."""

from __future__ import annotations

from collections.abc import Iterable

from assay.worker.signals.traffic import SliceKey, Traffic

_NAMED = 3
"""Other use cases that a note names; of more it tells how many."""


def calibration_notes(slices: Iterable[Traffic]) -> dict[SliceKey, str]:
    """What a reader should know of each slice's calibration. Slices that need no note are left out.

    A curve does not transfer: one that is right for one kind of answers can be off by tens of points for another. One
    that was fitted for a use case has a revision of its own, so a revision that judges several has a general one.
    """
    calibrated = [traffic for traffic in slices if traffic.calibrated and traffic.n]
    users: dict[tuple[str, str], set[str]] = {}
    for traffic in calibrated:
        users.setdefault((traffic.key.rubric, traffic.key.revision), set()).add(traffic.key.use_case)
    notes = {}
    for traffic in calibrated:
        others = users[traffic.key.rubric, traffic.key.revision] - {traffic.key.use_case}
        if traffic.calibration is None:
            notes[traffic.key] = (
                "the risk is calibrated on public data, not on answers of this use case; "
                f"{_remedy(traffic.key.use_case)}"
            )
        elif others:
            notes[traffic.key] = (
                f"one calibration judges this use case and {_listed(sorted(others))}; it is right only for those "
                f"whose answers were labelled; {_remedy(traffic.key.use_case)}"
            )
    return notes


def _remedy(use_case: str) -> str:
    return f"label some of its answers and run `assay calibrate --use-case {use_case}`"


def _listed(names: list[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} others"
    return ", ".join(names)
