"""What a new assay.yaml says of its stores: the lines of one factory, or those of several as one list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.ports.capabilities import WithSpanIntake
from assay.worker.ports.store import SinkFactory
from assay.worker.stores.registry import sink_factories

SECTION = re.compile(r"(?:store|sink): \{(.*)\}")
"""A factory's line about its store, e.g. `store: {kind: KIND, plan: hobby}`."""

SETTING = re.compile(r"([a-z_]+): (\d+)\b.*")
"""A factory's line about the whole deployment, e.g. `late_seconds: 1800   # shown late`."""


class FirstSection(Record):
    """A store or sink of a new deployment: its section, and why its traces are shown late, where it knows."""

    kind: str
    section: Record | None = None
    why_late: str = ""

    @property
    def factory(self) -> SinkFactory[Any, Any]:
        """What its kind tells about itself."""
        return sink_factories()[self.kind]

    @property
    def lines(self) -> Sequence[str]:
        """What its factory writes."""
        return self.factory.first_lines(self.section or self.factory.section(), self.why_late)


def store_lines(stores: Sequence[FirstSection], sinks: Sequence[FirstSection] = (), *, is_named: bool) -> Iterator[str]:
    """The lines about the stores and places, and the settings that go with them.

    Args:
        stores: those that give traces, at least one.
        sinks: those that take copies.
        is_named: whether somebody named them. Else it is said how they were found.
    """
    if len(stores) + len(sinks) == 1:
        yield from _lines_of_one(stores[0], is_named=is_named)
        return
    if not is_named:
        yield "# Found by the variables that are set. Remove what you do not want, here and in `use_cases`."
    yield "stores:                          # the first one is meant by a use case that names none"
    settings: dict[str, tuple[int, str]] = {}
    for each in (*stores, *sinks):
        for line in each.lines:
            section, setting = SECTION.fullmatch(line), SETTING.fullmatch(line)
            if section is not None:
                yield f"  - {{name: {each.kind}, {section[1]}}}"
            elif setting is not None:
                name, number = setting[1], int(setting[2])
                usual = int(Deployment.model_fields[name].default)  # what the other stores are content with
                settings[name] = max(settings.get(name, (usual, "")), (number, line))
            else:
                yield f"  {line}"
    yield from (line for _, line in settings.values() if line)


def _lines_of_one(store: FirstSection, *, is_named: bool) -> Iterator[str]:
    if store.factory.is_embedded and not is_named:
        yield "# No keys of another trace store were set, so this is the embedded one:"
    yield from store.lines
    if takes_spans([store]):
        yield "# collector: {}                  # takes spans by OpenTelemetry's protocol, and `assay up` starts it"


def takes_spans(stores: Iterable[FirstSection]) -> bool:
    """Whether a collector would have a store to put spans into."""
    return any(WithSpanIntake in store.factory.capabilities for store in stores)
