"""What a search for selector lines came to."""

from __future__ import annotations

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.extraction.survey import PartName

EXCERPT = 200
"""Characters of a text that are kept for showing."""


class Proposal(Record):
    """A line for a rubric: the part, the selector, and in how many of `traces` traces the part is with it.

    Attributes:
        chain: the part's whole chain with this and the proposals before it.
        example: id of a trace in which it finds what was missing.
        excerpt: what it finds there, for the terminal of the person who asked.
        gained: ids of the traces in which the part is found with this line, and was not without it.
    """

    part: PartName
    selector: str
    before: int
    after: int
    traces: int
    chain: tuple[str, ...]
    example: str
    excerpt: str = ""
    gained: frozenset[str] = Field(default=frozenset(), exclude=True, repr=False)

    @property
    def gain(self) -> int:
        """Traces more."""
        return self.after - self.before


class PlausiblePlace(Record):
    """A place that may hold a part that is missing, for a person to look at: too little speaks for it to write it.

    Attributes:
        excerpts: by the id of a trace that lacks the part, what is there.
    """

    part: PartName
    selector: str
    excerpts: dict[str, str] = Field(exclude=True, repr=False)


class Search(Record):
    """What a search over traces came to.

    Attributes:
        proposals: the lines, the most gain first.
        plausible: where else the parts may be that no line finds, the most telling first.
        buried: by part, the traces whose text was found only inside something larger: the question in a whole prompt,
            the answer in a whole object. They count as not found.
        is_whole: whether all traces were looked at in time.
    """

    proposals: tuple[Proposal, ...] = ()
    plausible: tuple[PlausiblePlace, ...] = ()
    buried: dict[PartName, tuple[str, ...]] = Field(default_factory=dict)
    is_whole: bool = True
