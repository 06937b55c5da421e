"""A trace store as a deployment opens it, and what a store's folder tells about itself before it is open."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from assay.judges.schema import Record
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.locks import Locks
from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.source import Project, TraceSource
from assay.worker.records.scores import ScoreSpec


class Sink(Project, ScoreSink, Protocol):
    """A place that takes scores, and may have no traces to give."""

    async def close(self) -> None:
        """Release connections and files."""
        ...


class Store(TraceSource, Sink, Protocol):
    """A store that gives traces and takes scores. What only some can do more is asked for by capability."""


@dataclass(frozen=True)
class StoreContext:
    """What a store may use of the deployment it is opened for."""

    home: Path
    """The config root; a relative path in assay.yaml begins here."""
    data_dir: Path
    limits: RateLimits
    """Where a request budget is kept: shared by all workers, or this process's own."""
    embedded_kind: str
    """What assay.yaml says for the store that needs no server; for error messages."""
    locks: Locks | None = None
    specs: Sequence[ScoreSpec] = ()
    """The scores that will be written."""
    root_metadata: Collection[str] = ()
    """Metadata keys that selection looks at. Without any, roots may be listed without metadata."""
    content_metadata: Collection[str] = ()
    """Metadata keys that rubrics look at; their values must come whole."""


Section = TypeVar("Section", bound=Record)
Variables = TypeVar("Variables", bound=Record)


_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z][a-z0-9_-]*", re.IGNORECASE)
"""What YAML reads as this very text, e.g. `support-bot`."""


def as_yaml(text: str) -> str:
    """A text as a value in a line of `first_lines`, quoted where it must be, e.g. `bot`, or `"team: bot"`."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class SinkFactory(ABC, Generic[Section, Variables]):
    """What the folder of a sink tells about itself. Its module imports no SDK: `open` does."""

    kind: ClassVar[str]
    """What assay.yaml calls it, and its folder's name."""
    title: ClassVar[str]
    """What people call it."""
    section: type[Section]
    """Its own keys of a store's section of assay.yaml."""
    variables: type[Variables]
    """Its environment variables; each field has a `validation_alias`."""
    capabilities: ClassVar[tuple[Any, ...]] = ()
    """The capability protocols that an opened store has."""
    keys: ClassVar[tuple[str, ...]] = ()
    """Environment variables without which it cannot be opened."""
    is_embedded: ClassVar[bool] = False
    """Whether it needs no server. Exactly one store is; assay.yaml means it where it names none."""
    read_lag_s: ClassVar[float] = 1.0
    """Seconds between writing a score and the first look whether it is there, where assay.yaml does not say."""
    evaluator_environments: ClassVar[tuple[str, ...]] = ()
    """Environments that the store's own evaluators write to. They are never judged unless assay.yaml says so."""
    section_note: ClassVar[str] = ""
    """A clause about its keys, for the JSON schema of assay.yaml."""
    reads_back: ClassVar[bool] = True
    """Whether it shows scores that were written. Of one that does not, nobody can tell whether a score arrived."""
    gives_traces: ClassVar[bool] = False

    @abstractmethod
    def open(self, section: Section, variables: Variables, context: StoreContext) -> Sink:
        """The sink. Nothing is asked, and no file is made, before its first call.

        Raises:
            ConfigurationError: a key or a path is missing.
        """

    def is_chosen(self, variables: Variables) -> bool:  # for stores with keys
        """Whether `assay init` should take this store, by its environment variables.

        Raises:
            ConfigurationError: only some of its keys are set.
        """
        return self.is_embedded

    def may_hold_traces(self, section: Section, context: StoreContext) -> bool:  # for stores of one file
        """Whether `assay init` should look: opening some stores would make them."""
        return True

    def first_section(self, variables: Variables) -> Section:  # for stores with plans
        """The `store` section that a new deployment begins with."""
        return self.section()

    @abstractmethod
    def first_lines(self, section: Section, why_late: str) -> Sequence[str]:
        """The lines about the store in a new assay.yaml, with comments."""


class StoreFactory(SinkFactory[Section, Variables]):
    """What a store's folder tells about itself."""

    gives_traces = True

    @abstractmethod
    def open(self, section: Section, variables: Variables, context: StoreContext) -> Store:
        """The store. Nothing is asked, and no file is made, before its first call.

        Raises:
            ConfigurationError: a key or a path is missing.
        """
