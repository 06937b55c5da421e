"""How often question, answer and evidence are found in some traces, and by which path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from pydantic import Field

from assay.judges.rubric import SamplePaths
from assay.judges.schema import Record
from assay.worker.extraction.extract import extract
from assay.worker.records.traces import Trace

_INDEX = re.compile(r"\[\d+\]|\.\d+(?=\.)")
"""A position: `[3]`, or `.3` in `retrieval.documents.3.document`."""
_STEP = re.compile(r"^(\w+) '.*?' \([^)]*\)")
"""A step with its name and id: `retriever 'kb' (bbbbbbbb)`."""
_MESSAGE = re.compile(r" message \d+ ")
"""The number of a message: `prompt message 2 `."""


class Survey(Record):
    """Counts over `traces` traces; the paths say where each part was, with numbers and ids left out."""

    traces: int
    questions: dict[str, int] = Field(default_factory=dict)
    responses: dict[str, int] = Field(default_factory=dict)
    contexts: dict[str, int] = Field(default_factory=dict)

    def share(self, part: dict[str, int]) -> float:
        """Share of the traces in which a part was found."""
        return sum(part.values()) / self.traces if self.traces else 0.0


def survey(traces: Iterable[Trace], paths: SamplePaths) -> Survey:
    """Look for the parts of a sample in each trace; evidence counts by the first place that had any."""
    count = 0
    places: dict[str, Counter[str]] = {"questions": Counter(), "responses": Counter(), "contexts": Counter()}
    for trace in traces:
        count += 1
        parts = extract(trace, paths)
        for name, part in (("questions", parts.question), ("responses", parts.response)):
            if part is not None:
                places[name][general(part.source)] += 1
        if parts.contexts:
            places["contexts"][general(parts.contexts[0].source)] += 1
    return Survey(traces=count, **{name: dict(counts.most_common()) for name, counts in places.items()})


def general(source: str) -> str:
    """A place without the names, ids and numbers of one trace: `retriever.output[*].text`."""
    return _INDEX.sub(
        lambda match: "[*]" if match[0].startswith("[") else ".*", _MESSAGE.sub(" message ", _STEP.sub(r"\1", source))
    )
