"""Every value in a trace under the selectors that lead to it, generalised over ids and positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from itertools import islice

from pydantic import JsonValue

from assay.worker.extraction.literals import plain_json
from assay.worker.extraction.steps import relevant
from assay.worker.records.traces import Observation, Trace

MOST_VALUES = 4_000
"""Values looked at in one trace."""
_LEAST_SHARE = 150
"""Values looked at in one field of one step, so that a long step does not take all."""
_DEPTH, _KEYS, _ITEMS = 8, 60, 30
_INDEXED = 5
"""Items at the beginning of a short list that get a selector of their own: `root.input.turns[2].text`."""

_TYPE = re.compile(r"[a-z_][a-z0-9_-]*")
"""A type of step as a selector can name it: `retriever`."""
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")
"""A key that stands after a dot everywhere: `kwargs`, `frage`."""
_VARYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{12,}|\d+")
"""What differs from run to run in a name: a UUID, a hex id, a number, as the 3 in `lookup-3`."""
_ID_KEY = re.compile(r"(?:[\w-]*[_-])?(?:[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\d+)")
"""A key that is an id: `doc_8f3a22c1`, `17`."""
_IN_GLOB = re.compile(r"[\[\]*?]")
"""What a pattern of names cannot say as it is: `[`, `]`, `*`, `?`."""
_RESERVED = {"root", "answer", "prompt"}
_SPEAKERS = {"role", "rolle", "from", "sender", "author", "speaker", "who", "wer", "von", "by", "type", "typ", "source"}


@dataclass(frozen=True)
class Path:
    """The way into a field: keys and positions. Only one list on it is entered by position, others by `[*]`."""

    steps: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    position: str = ""

    def key(self, name: str) -> Path:
        """The value of a key; of a key that is an id, the values of all keys."""
        if _ID_KEY.fullmatch(name):
            return Path((*self.steps, "[*]"), self.keys, self.position)
        return Path((*self.steps, _key_step(name)), (*self.keys, name), self.position)

    def item(self, which: str) -> Path:
        """An item of a list, by `*` or by its position."""
        return Path((*self.steps, f"[{which}]"), self.keys, self.position or which.strip("*"))

    def __str__(self) -> str:
        return "".join(self.steps)


@dataclass
class Spot:
    """The values of one trace that a selector leads to, and what is known of the place.

    Attributes:
        selector: as a rubric writes it.
        head: `root`, or the type of the step.
        step: the step's name.
        position: the position by which a list is entered, empty for none.
        speakers: what stands beside a text as its author, as `kunde` in `{"wer": "kunde", "text": ...}`.
        start: when the last of the steps began.
        around: of each value, the objects and lists that it lies in, the outermost first.
    """

    selector: str
    head: str
    step: str
    field: str
    keys: tuple[str, ...]
    position: str
    start: datetime
    values: list[JsonValue] = dataclass_field(default_factory=list)
    speakers: set[str] = dataclass_field(default_factory=set)
    around: list[tuple[JsonValue, ...]] = dataclass_field(default_factory=list)

    @property
    def is_in_items(self) -> bool:
        """Whether the position is one in each item of a list, as of the text in `[[0.9, "text"], …]`."""
        return f"[*][{self.position}]" in self.selector


def spots_of(trace: Trace) -> dict[str, Spot]:
    """The spots of one trace by their selectors. Steps that failed and evaluators have none."""
    spots: dict[str, Spot] = {}
    heads = list(_heads(trace))
    room, share = MOST_VALUES, max(_LEAST_SHARE, MOST_VALUES // (3 * len(heads)))
    for head, name, step in heads:
        content = _content(trace, step)
        start = trace.root.start if step is None else step.start
        for field_name, value in content.items():
            for path, inner, speaker, around in islice(_inside(value, Path(), "", ()), share):
                if room <= 0:
                    return spots
                room -= 1
                selector = f"{name}.{field_name}{path}"
                spot = spots.setdefault(
                    selector,
                    Spot(selector, head, step.name if step else "", field_name, path.keys, path.position, start),
                )
                spot.values.append(inner)
                spot.around.append(around)
                spot.start = max(spot.start, start)
                spot.speakers |= {speaker} if speaker else set()
    return spots


def _content(trace: Trace, step: Observation | None) -> dict[str, JsonValue]:
    if step is None:
        return {"input": trace.input, "output": trace.output, "metadata": trace.root.metadata}
    return {"input": step.input, "output": step.output, "metadata": step.metadata}


def _heads(trace: Trace) -> Iterator[tuple[str, str, Observation | None]]:
    """Root and steps as a selector names them; a name with numbers in it comes a second time, with a pattern."""
    yield "root", "root", None
    for step in relevant(trace):
        head = step.type.lower()
        if step.level == "ERROR" or not _TYPE.fullmatch(head) or head in _RESERVED:
            continue
        for name in dict.fromkeys((_pattern(step.name), _pattern(_VARYING.sub("*", step.name), keep="*"))):
            yield head, f"{head}[name={name}]" if name.strip("*?") else head, step


def _pattern(name: str, keep: str = "") -> str:
    return _IN_GLOB.sub(lambda match: match[0] if match[0] == keep else "?", name)


def _key_step(name: str) -> str:
    if _PLAIN_KEY.fullmatch(name):
        return f".{name}"
    return "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"


def _inside(
    value: JsonValue, path: Path, speaker: str, around: tuple[JsonValue, ...]
) -> Iterator[tuple[Path, JsonValue, str, tuple[JsonValue, ...]]]:
    """A value and all that lies in it, JSON that is written out as a string included, each with what it lies in."""
    if value in (None, "", [], {}):
        return
    yield path, value, speaker, around
    inner = plain_json(value)
    if len(around) >= _DEPTH or not isinstance(inner, dict | list):
        return
    around = (*around, inner)
    if isinstance(inner, dict):
        beside = _speaker(inner)
        for name, item in list(inner.items())[:_KEYS]:
            if name.isprintable() and "${" not in name:
                yield from _inside(item, path.key(name), beside or speaker, around)
        return
    for item in inner[:_ITEMS]:
        yield from _inside(item, path.item("*"), speaker, around)
    if not path.position:
        for number, item in enumerate(inner[: _INDEXED if len(inner) <= 2 * _INDEXED else 1]):
            yield from _inside(item, path.item(str(number)), speaker, around)
        yield from _inside(inner[-1], path.item("-1"), speaker, around)


def _speaker(value: dict[str, JsonValue]) -> str:
    names = (inner for key, inner in value.items() if key.lower() in _SPEAKERS and isinstance(inner, str))
    return next((name.lower() for name in names if 0 < len(name) <= 30), "")
