"""How often question, answer and evidence are found in some traces, by which path, and in which shapes they are not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field, JsonValue

from assay.judges.rubric import SamplePaths
from assay.judges.schema import Record
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.literals import plain_json
from assay.worker.extraction.steps import relevant
from assay.worker.records.traces import Trace

PartName = Literal["question", "response", "contexts"]
PARTS: tuple[PartName, ...] = ("question", "response", "contexts")

NOTHING_AT = "nothing at "
"""How a reason begins that only names the places that were tried."""

_INDEX = re.compile(r"\[\d+\]|\.\d+(?=\.)")
"""A position: `[3]`, or `.3` in `retrieval.documents.3.document`."""
_STEP = re.compile(r"^(\w+) '.*?' \([^)]*\)")
"""A step with its name and id: `retriever 'kb' (bbbbbbbb)`."""
_MESSAGE = re.compile(r" message \d+ ")
"""The number of a message: `prompt message 2 `."""
_VARYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{12,}|\d+")
"""What differs from run to run in a name: a UUID, a hex id, a number, as the 3 in `lookup-3`."""
_MOST_KEYS, _MOST_STEPS, _LONGEST_NAME, _MOST_WORDS = 8, 6, 40, 5


class ShapeSurvey(Record):
    """Traces of one shape. By part: how many lack it (`missing`), why (`reasons`), and one trace's id (`examples`)."""

    shape: str
    traces: int
    missing: dict[PartName, int] = Field(default_factory=dict)
    reasons: dict[PartName, str] = Field(default_factory=dict)
    examples: dict[PartName, str] = Field(default_factory=dict)


class Survey(Record):
    """Counts over `traces` traces.

    Attributes:
        places: by part, where it was found, with numbers and ids left out, and how often; the most frequent first.
        shapes: the most frequent first.
    """

    traces: int
    places: dict[PartName, dict[str, int]] = Field(default_factory=dict)
    shapes: tuple[ShapeSurvey, ...] = ()

    def count(self, part: PartName) -> int:
        """In how many of the traces a part was found."""
        return sum(self.places.get(part, {}).values())


def survey(
    traces: Iterable[Trace], paths: SamplePaths, buried: Mapping[PartName, Collection[str]] | None = None
) -> Survey:
    """Look for the parts of a sample in each trace; evidence counts by the first place that had any.

    Args:
        traces: what is looked at.
        paths: the rubric's selectors.
        buried: by part, ids of traces whose text stands only inside something larger, and counts as not found.
    """
    count = 0
    places: dict[PartName, Counter[str]] = {part: Counter() for part in PARTS}
    shapes: Counter[str] = Counter()
    lacking: dict[str, dict[PartName, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for trace in traces:
        count += 1
        shape = shape_of(trace)
        shapes[shape] += 1
        extraction = extract(trace, paths)
        for part in PARTS:
            source = place_of(extraction, part)
            if source and trace.id not in (buried or {}).get(part, ()):
                places[part][general(source)] += 1
            else:
                lacking[shape][part].append((trace.id, why_missing(extraction, part)))
    return Survey(
        traces=count,
        places={part: dict(counts.most_common()) for part, counts in places.items()},
        shapes=tuple(_shape(shape, n, lacking[shape]) for shape, n in shapes.most_common()),
    )


def _shape(shape: str, traces: int, lacking: Mapping[PartName, list[tuple[str, str]]]) -> ShapeSurvey:
    reasons = {part: Counter(why for _, why in cases).most_common(1)[0][0] for part, cases in lacking.items()}
    return ShapeSurvey(
        shape=shape,
        traces=traces,
        missing={part: len(cases) for part, cases in lacking.items()},
        reasons=reasons,
        examples={part: next(t for t, why in cases if why == reasons[part]) for part, cases in lacking.items()},
    )


def place_of(extraction: Extraction, part: PartName) -> str:
    """Where a part was found; empty where it was not. Of several passages, the first one's place."""
    if part == "contexts":
        return extraction.contexts[0].source if extraction.contexts else ""
    extracted = extraction.question if part == "question" else extraction.response
    return extracted.source if extracted else ""


def why_missing(extraction: Extraction, part: PartName) -> str:
    """Why a part is missing: nothing at the places tried, or why what was there was not taken, or only buried."""
    source = place_of(extraction, part)
    if source:
        return f"only inside a larger text, at {general(source)}"
    if extraction.reasons.get(part):
        return general(extraction.reasons[part])
    return NOTHING_AT + ", ".join(extraction.tried[part])


def general(source: str) -> str:
    """A place without the names, ids and numbers of one trace: `retriever.output[*].text`."""
    return _INDEX.sub(
        lambda match: "[*]" if match[0].startswith("[") else ".*", _MESSAGE.sub(" message ", _STEP.sub(r"\1", source))
    )


def shape_of(trace: Trace) -> str:
    """The structure of a trace: what kind of value went in and came out, and the types and names of its steps.

    Example: `input {args, kwargs {frage}}, output text; span kb_lookup, generation llm`.
    """
    steps = list(dict.fromkeys(f"{step.type.lower()} {_name(step.name)}".strip() for step in relevant(trace)))
    listed = ", ".join(steps[:_MOST_STEPS]) + (", …" if len(steps) > _MOST_STEPS else "")
    return f"input {_form(trace.input)}, output {_form(trace.output)}; {listed or 'no steps'}"


def _form(value: JsonValue, depth: int = 2) -> str:
    inner = plain_json(value)
    if inner in (None, "", [], {}):
        return "nothing"
    if isinstance(inner, str):
        return "text"
    if isinstance(inner, dict):
        keys = list(dict.fromkeys(_keys(inner, depth)))
        return "{" + ", ".join(keys[:_MOST_KEYS]) + (", …" if len(keys) > _MOST_KEYS else "") + "}"
    if isinstance(inner, list):
        kinds = list(dict.fromkeys(_form(item, depth - 1) for item in inner[:_MOST_KEYS]))
        return f"list of {kinds[0]}" if len(kinds) == 1 else "list"
    return "number" if not isinstance(inner, bool) else "true or false"


def _keys(value: Mapping[str, JsonValue], depth: int) -> Iterator[str]:
    for key, item in sorted(value.items()):
        name = _name(key)
        yield f"{name} {_form(item, depth - 1)}" if depth > 1 and isinstance(plain_json(item), dict) and item else name


def _name(name: str) -> str:
    """A name without what varies. One of many words is somebody's text, and no name."""
    if len(name[: 2 * _LONGEST_NAME].split()) > _MOST_WORDS:
        return "*"
    short = _VARYING.sub("*", name[: 2 * _LONGEST_NAME])
    return short if len(short) <= _LONGEST_NAME else f"{short[:_LONGEST_NAME]}…"
