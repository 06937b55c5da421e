"""Opening the deployment's trace stores, and asking them for what only some stores have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, cast

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, names_of, read_variables
from assay.worker.config.store_section import own_section
from assay.worker.config.stores import Place, leading_keys, same_store
from assay.worker.config.use_cases import Match
from assay.worker.extraction.needs import metadata_keys
from assay.worker.federation.shared_accounts import LimitsOfStore, LocksOfStore
from assay.worker.federation.trace_ids import TraceIds
from assay.worker.flow.score_specs import score_specs
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.locks import Locks
from assay.worker.ports.parts import ALONE, parts_of
from assay.worker.ports.reviews import ReviewQueues, WithReviewQueues
from assay.worker.ports.store import Sink, Store, StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.registry import embedded_factory, kinds_with


class Part(NamedTuple):
    """A store whose traces are judged.

    Attributes:
        place: what assay.yaml says of it.
        mark: what it is called in whatever is kept by store: nothing where it is the first or the only one.
        store: the store, with ids of traces as Assay has them.
    """

    place: Place
    mark: str
    store: Store

    @property
    def origin(self) -> str:
        """What the record calls it: its kind, and its name where it is not the first."""
        return f"{self.place.config.kind}/{self.mark}" if self.mark else self.place.config.kind


@dataclass(frozen=True)
class OpenStores:
    """The stores of a process.

    Attributes:
        store: the deployment's store, or all of them as one.
        parts: each of them, the first one first.
        sinks: the places that get copies of scores, by name. Ids of traces are native there.
        ids: knows the names of the stores.
    """

    store: Store
    parts: tuple[Part, ...]
    sinks: Mapping[str, Sink]
    ids: TraceIds

    def part_of(self, trace_id: str) -> Part:
        """The store that a trace is in."""
        if len(self.parts) == 1:
            return self.parts[0]
        name = self.ids.store_of(trace_id)
        return next(part for part in self.parts if part.place.name == name)

    def mark_of(self, trace_id: str) -> str:
        """The mark of the store that a trace is in."""
        return self.part_of(trace_id).mark

    def native(self, trace_id: str) -> str:
        """The store's own id of a trace."""
        return trace_id if len(self.parts) == 1 else self.ids.native(trace_id)

    def meant_by(self, written: str) -> list[str]:
        """The traces that somebody may mean who names one: a store's own id may be one of any store."""
        if len(self.parts) == 1:
            return [written]
        own = self.ids.split(written)
        if own.native != written:  # the store is named
            return [written]
        return [self.ids.qualified(part.place.name, written) for part in self.parts]

    async def close(self) -> None:
        """Close all of them."""
        await self.store.close()
        shared = {part.place.name for part in self.parts}
        for name, sink in self.sinks.items():
            if name not in shared:
                await sink.close()


@dataclass(frozen=True)
class StoreOpener:
    """Opens the places of a deployment. Attributes are as of `open_stores`."""

    root: ConfigRoot
    deployment: Deployment
    settings: Settings
    rubrics: tuple[Rubric, ...] = ()
    limits: RateLimits | None = None
    locks: Locks | None = None

    def open(self, place: Place) -> Sink:
        """One place, with ids of traces as it has them.

        Raises:
            ConfigurationError: a key or a path is missing.
        """
        factory = place.factory
        try:
            variables = read_variables(factory.variables, place.prefix)
            return factory.open(own_section(place.config, place.key), variables, self._context(place))
        except ConfigurationError as exc:
            if place.name == ALONE:
                raise
            raise ConfigurationError(f"{place.key}: {_with_prefix(str(exc), place)}") from exc

    def _context(self, place: Place) -> StoreContext:
        context = store_context(
            self.root,
            self.deployment,
            self.settings,
            rubrics=self.rubrics,
            limits=self.limits,
            locks=self.locks,
        )
        if place.name in (ALONE, self.deployment.first_store):
            return context
        locks = None if context.locks is None else LocksOfStore(context.locks, place.name)
        return replace(context, limits=LimitsOfStore(context.limits, place.name), locks=locks)


def open_stores(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    limits: RateLimits | None = None,
    locks: Locks | None = None,
) -> OpenStores:
    """All stores of a deployment, and the places that get copies of scores.

    Args:
        root: where the deployment's files are.
        deployment: which stores it has.
        settings: its settings from the environment.
        rubrics: which scores will be written.
        limits: the account of a remote store's request budget; by default this process counts for itself.
        locks: keeps workers from creating the same thing in a store twice.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    opener = StoreOpener(root, deployment, settings, tuple(rubrics), limits, locks)
    places = deployment.trace_places
    stores = {place.name: cast("Store", opener.open(place)) for place in places}
    store = next(iter(stores.values())) if len(stores) == 1 else _joined(stores)
    views = parts_of(store)
    parts = tuple(
        Part(place, "" if place.name == deployment.first_store else place.name, views.get(place.name, store))
        for place in places
    )
    wanted = {name for case in deployment.use_cases for name in case.copies_to}
    sinks: dict[str, Sink] = {}
    for place in deployment.places:
        if place.name in wanted:
            sinks[place.name] = stores[place.name] if place.name in stores else opener.open(place)
    _refuse_one_under_two_names(deployment.places, {**stores, **sinks})
    return OpenStores(store, parts, sinks, TraceIds(tuple(stores)))


def _refuse_one_under_two_names(places: Iterable[Place], opened: Mapping[str, Sink]) -> None:
    """Refuse places that lead to the same, whatever stands in assay.yaml: traces would be judged twice.

    Raises:
        ConfigurationError: names key and remedy.
    """
    known: dict[tuple[str, ...], Place] = {}
    for place in (each for each in places if each.name in opened):
        same = known.setdefault(_leads_to(place, opened[place.name]), place)
        if same is not place:
            raise ConfigurationError(f"assay.yaml: {same_store(place, same.name)}")


def _joined(stores: Mapping[str, Store]) -> Store:
    from assay.worker.federation.store import federated  # most deployments have one store

    return federated(stores)


def open_deployment_store(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    limits: RateLimits | None = None,
    locks: Locks | None = None,
    able_to: Iterable[object] = (),
) -> Store:
    """One trace store of the deployment: the first that can do what is asked, else the first.

    Args:
        root: where the deployment's files are.
        deployment: which stores it has.
        settings: its settings from the environment.
        rubrics: which scores will be written.
        limits: as of `open_stores`.
        locks: as of `open_stores`.
        able_to: the capabilities that are needed.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    opener = StoreOpener(root, deployment, settings, tuple(rubrics), limits, locks)
    return cast("Store", opener.open(place_able_to(deployment, able_to)))


def place_able_to(deployment: Deployment, capabilities: Iterable[object]) -> Place:
    """The first trace store of a deployment that has these capabilities. Where none has, the first."""
    wanted, places = set(capabilities), deployment.trace_places
    return next((place for place in places if wanted <= set(place.factory.capabilities)), places[0])


def check_store(root: ConfigRoot, deployment: Deployment, settings: Settings, rubrics: Iterable[Rubric]) -> None:
    """Refuse a store or sink that could not be opened: its keys, addresses and paths. It is asked nothing.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    # Nothing is to be closed: a store connects, or opens its file, at its first call.
    open_stores(root, deployment, settings, rubrics=rubrics)


def _leads_to(place: Place, sink: Sink) -> tuple[str, ...]:
    """Where a place leads: its file, or its address, keys and project. Only for comparing: keys are in it."""
    path = getattr(sink, "path", None)  # a store of one file has it
    if isinstance(path, Path):
        return place.config.kind, str(path.resolve())
    variables = read_variables(place.factory.variables, place.prefix)
    values = ((name, getattr(variables, name)) for name in type(variables).model_fields)
    told = (f"{name}={_revealed(value)}" for name, value in values if value is not None)
    return place.config.kind, *leading_keys(place), *told


def _revealed(value: object) -> str:
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return text.rstrip("/").casefold() if "://" in text else text


def _with_prefix(message: str, place: Place) -> str:
    """A store's own error with the names of variables as they are read here."""
    message = re.sub(r"[;,] or say store: \{kind: \w+\}", "", message).replace("store.kind", f"{place.key}.kind")
    names = {n for info in place.factory.variables.model_fields.values() for n in names_of(info.validation_alias)}
    if not place.prefix or not names:
        return message
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return re.sub(rf"(?<![A-Z0-9_])(?:{known})(?![A-Z0-9_])", lambda name: f"{place.prefix}{name[0]}", message)


def store_context(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    limits: RateLimits | None = None,
    locks: Locks | None = None,
) -> StoreContext:
    """What a store may use of a deployment. Arguments as of `open_deployment_store`."""
    rubrics = tuple(rubrics)
    return StoreContext(
        home=root.path,
        data_dir=root.data_dir(settings),
        limits=limits or MemoryLimits(),
        embedded_kind=embedded_factory().kind,
        locks=locks,
        specs=score_specs(rubrics),
        root_metadata=frozenset(key for match in _matches(deployment) for key in match.metadata),
        content_metadata=frozenset(metadata_keys(rubric.sample for rubric in rubrics)),
    )


def review_queues_of(store: object) -> ReviewQueues:
    """The store's queues.

    Raises:
        ConfigurationError: it has none.
    """
    if isinstance(store, WithReviewQueues):
        return store.review_queues
    raise ConfigurationError(
        "assay.yaml: store.kind: this store has neither annotation queues nor user feedback; only "
        f"{kinds_with(WithReviewQueues)} has"
    )


def _matches(deployment: Deployment) -> Iterable[Match]:
    for case in deployment.use_cases:
        yield case.match
        yield from (stratum.when for stratum in case.strata)
