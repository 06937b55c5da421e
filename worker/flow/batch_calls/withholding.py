"""What of a gathering may not be sent any more, because the configuration was edited since it was handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from assay.worker.flow.batch_calls.gathering import Gathering
from assay.worker.flow.batch_calls.terms import Terms, TermsInForce


def withheld(gathering: Gathering, keys: Iterable[str], in_force: TermsInForce) -> Mapping[str, Sequence[str]]:
    """The calls that may not be sent any more, by why.

    Args:
        gathering: holds the calls.
        keys: of those that would be sent.
        in_force: what is allowed now.
    """
    place, by_why = in_force.place(gathering.endpoint), defaultdict[str, list[str]](list)
    for key in keys:
        was = gathering.places[key]
        is_moved = place is not None and place != was
        why = f"endpoint {was.name} was edited" if is_moved else _objection(gathering.askers[key], in_force)
        if why:
            by_why[why].append(key)
    return by_why


def _objection(askers: Sequence[Terms | None], in_force: TermsInForce) -> str:
    """Why nobody who asks this may. Equal texts are one call: it goes where one of them may. None is nobody's text."""
    why = ""
    for terms in askers:
        if terms is None:
            return ""
        why = in_force.objection(terms)
        if not why:
            return ""
    return why
