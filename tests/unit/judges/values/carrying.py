"""Whether evidence carries or implies what a response states, as the rule on values asks it."""

from __future__ import annotations

from assay.judges.values import ValueIndex, extract_values, is_derived


def is_known(evidence: str, response: str) -> bool:
    """Whether every value of the response is stated in the evidence or follows from it."""
    index = ValueIndex([evidence])
    values = extract_values(response)
    assert values, response
    return all(
        index.carries(value, response[max(0, value.start - 40) : value.start])
        or is_derived(value, response, index.operands)
        for value in values
    )
