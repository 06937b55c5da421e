"""Where a calibrated risk may say more than it knows: a curve that was fitted on the answers of another use case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import rows_alike
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.traffic import SliceKey, Traffic

LOOKED_BACK = timedelta(days=28)
"""How far before the end of a period other users of a calibration are looked for, at least."""

_NAMED = 3
"""Other use cases that a note names; of more it tells how many."""


Users = Mapping[tuple[str, str], frozenset[str]]
"""The use cases that a rubric's revision judged, e.g. `{("grounding", "904b…"): {"bot", "search"}}`."""


def users_of(slices: Iterable[Traffic]) -> Users:
    """The use cases that each revision gave calibrated risks to."""
    users: dict[tuple[str, str], frozenset[str]] = {}
    for traffic in slices:
        if traffic.calibrated and traffic.n:
            key = (traffic.key.rubric, traffic.key.revision)
            users[key] = users.get(key, frozenset()) | {traffic.key.use_case}
    return users


async def read_users(reader: HistoryReader, query: HistoryQuery, slices: Iterable[Traffic]) -> Users:
    """Other use cases that the revisions of these slices judged, whether or not they were asked for.

    Only use cases under the same rubric are read, and of them a few columns.

    Args:
        reader: the record.
        query: what the slices were read for. It is looked back further, to the longer of its period and four weeks.
        slices: what is told of.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    shown = {traffic.key.use_case for traffic in slices}
    revisions = {(traffic.key.rubric, traffic.key.revision) for traffic in slices if traffic.calibrated and traffic.n}
    rubrics = tuple(sorted({rubric for rubric, _ in revisions}))
    users: dict[tuple[str, str], frozenset[str]] = {}
    if not revisions:
        return users
    since = min(query.since, query.until - LOOKED_BACK)
    wide = HistoryQuery(since=since, until=query.until, rubrics=rubrics)
    # Without a choice of use cases the slices show all of their own period.
    unseen = wide if query.use_cases else wide.model_copy(update={"until": query.since})
    others = set(await reader.use_cases(unseen)) if unseen.since < unseen.until else set()
    if not others - shown:
        return users
    async for block in reader.blocks(wide.model_copy(update={"use_cases": tuple(sorted(others - shown))}), _COLUMNS):
        for key, use_case in _users_in(block):
            if key in revisions:
                users[key] = users.get(key, frozenset()) | {use_case}
    return users


_COLUMNS = ("use_case", "rubric", "revision", "calibrated", "state")


def _users_in(block: Block) -> set[tuple[tuple[str, str], str]]:
    """Whom each revision gave a calibrated risk to in a block."""
    _, rows = rows_alike([block[name] for name in _COLUMNS])
    return {((rubric, revision), case) for case, rubric, revision, fit, state in rows if fit and state == "scored"}


def calibration_notes(slices: Iterable[Traffic], *known: Users) -> dict[SliceKey, str]:
    """What a reader should know of each slice's calibration. Slices that need no note are left out.

    Args:
        slices: what is told of.
        known: users that the slices do not show, from `read_users` or of another period.

    A curve does not transfer: one that is right for one kind of answers can be off by tens of points for another. One
    that was fitted for a use case has a revision of its own, so a revision that judges several has a general one.
    """
    calibrated = [traffic for traffic in slices if traffic.calibrated and traffic.n]
    own = users_of(calibrated)
    notes = {}
    for traffic in calibrated:
        key = (traffic.key.rubric, traffic.key.revision)
        others = own[key].union(*(users.get(key, frozenset()) for users in known)) - {traffic.key.use_case}
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
