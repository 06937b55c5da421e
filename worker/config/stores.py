"""The stores of a deployment: what `store` or `stores` says, and what use cases may ask of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.store_section import NamedStore, StoreConfig, own_section
from assay.worker.config.use_cases import UseCase
from assay.worker.ports.parts import ALONE
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.store import SinkFactory
from assay.worker.stores.registry import kinds_with, sink_factories


class Place(NamedTuple):
    """A store of the deployment, or a place that takes copies of scores.

    Attributes:
        name: what use cases call it; empty where assay.yaml says `store`.
        config: its keys.
        key: where these stand in assay.yaml.
        prefix: what its environment variables begin with.
    """

    name: str
    config: StoreConfig
    key: str
    prefix: str = ""

    @property
    def factory(self) -> SinkFactory[Any, Any]:
        """What its kind tells about itself."""
        return sink_factories()[self.config.kind]

    @property
    def read_lag_s(self) -> float:
        """Seconds between writing a score and the first look whether it is there."""
        asked = self.config.read_lag_seconds
        return self.factory.read_lag_s if asked is None else asked


def places_of(store: StoreConfig, stores: Sequence[NamedStore]) -> tuple[Place, ...]:
    """All stores and places in the order of the file."""
    if not stores:
        return (Place(ALONE, store, "store"),)
    return tuple(Place(each.name, each, f"stores.{each.name}", each.variables) for each in stores)


def first_store(stores: Sequence[NamedStore], use_cases: Iterable[UseCase]) -> NamedStore:
    """The one that a use case means which names none; where each names one, the first of those.

    A place that only takes copies is never the first, wherever it stands: ids of the first store's traces stay as
    they are, and those of all others change.

    Raises:
        ValueError: no place gives traces.
    """
    giving = [each for each in stores if sink_factories()[each.kind].gives_traces]
    if not giving:
        raise ValueError(f"stores: none of them gives traces; add one of kind {_kinds(gives_traces=True)}")
    named = [case.store for case in use_cases]
    return next((each for each in giving if None in named or each.name in named), giving[0])


def check_places(places: Sequence[Place]) -> None:
    """Refuse names that stand there twice, keys that do not go together, and one store under two names.

    Raises:
        ValueError: names key and remedy.
    """
    twice = [name for name, n in Counter(place.name for place in places).items() if n > 1]
    if twice:
        raise ValueError(f"stores: {twice[0]!r} stands there twice; rename one")
    known: dict[tuple[str, ...], Place] = {}
    for place in places:
        prefix = place.prefix if place.factory.variables.model_fields else ""
        same = known.setdefault((place.config.kind, prefix, *leading_keys(place)), place)
        if same is not place:
            raise ValueError(same_store(place, same.name))


def leading_keys(place: Place) -> tuple[str, ...]:
    """Those of a place's keys that tell where it leads, e.g. `path=rag.db`. A plan, a limit or a form does not."""
    section = own_section(place.config, place.key)
    names = [name for name, info in type(section).model_fields.items() if _kinds_of(info.annotation) & {str, Path}]
    values = ((name, getattr(section, name)) for name in names)
    return tuple(f"{name}={str(value).rstrip('/')}" for name, value in values if value is not None)


def same_store(place: Place, other: str) -> str:
    """That a place leads where another one does, and the remedy."""
    keys = type(own_section(place.config, place.key)).model_fields
    if place.factory.variables.model_fields:
        prefix = place.prefix or _prefix_for(place.name)
        is_told = "whose values lead elsewhere" if place.prefix else "and set those"
        remedy = f"give it variables of its own with `variables: {prefix}` {is_told}"
    else:
        path = next((name for name, info in keys.items() if Path in _kinds_of(info.annotation)), "path")
        remedy = f"give it a file of its own with `{path}: {place.name}.db`"
    return f"{place.key}: is the same store as {other}; {remedy}, or remove it"


def _kinds_of(annotation: Any) -> set[Any]:
    """The types in an annotation, e.g. str and None in `str | None`."""
    if get_origin(annotation) is Literal:
        return set()
    arguments = get_args(annotation)
    return set().union(*map(_kinds_of, arguments)) if arguments else {annotation}


def check_use_cases_of_stores(use_cases: Iterable[UseCase], places: Sequence[Place], first: str) -> None:
    """Refuse use cases that name a store which there is not, or which cannot do what they ask.

    Args:
        use_cases: all of the deployment.
        places: the stores and places.
        first: the store of use cases that name none.

    Raises:
        ValueError: names key and remedy.
    """
    by_name = {place.name: place for place in places}
    used: set[str] = set()
    for case in use_cases:
        _check_use_case(case, by_name, first)
        used.update((case.store or first, *case.copies_to))
    unused = next((place for place in places if place.name not in used), None)
    if unused is not None and unused.name != ALONE:
        names = f"`store: {unused.name}`" if unused.factory.gives_traces else f"`copies_to: [{unused.name}]`"
        raise ValueError(f"{unused.key}: no use case names it; add {names} to one, or remove it")


def _check_use_case(case: UseCase, places: Mapping[str, Place], first: str) -> None:
    key, named = f"use_cases.{case.name}", [name for name in places if name]
    for field, names in (("store", [case.store] if case.store else []), ("copies_to", list(case.copies_to))):
        for name in names:
            if name not in named:
                listed = did_you_mean(name, named, "stores") if named else "list it under `stores`"
                raise ValueError(f"{key}.{field}: {name!r} is unknown; {listed}")
    store = places[case.store or first]
    if not store.factory.gives_traces:
        kinds = _kinds(gives_traces=True)
        raise ValueError(
            f"{key}.store: {store.name} ({store.config.kind}) gives no traces; name it in `copies_to`, and a store of "
            f"kind {kinds} here"
        )
    if not store.factory.reads_back:
        raise ValueError(
            f"{store.key}.kind: {store.config.kind} does not show scores that were written, so none would ever count "
            f"as written; name it in `copies_to`, and let {key} have a store that shows them"
        )
    if store.name in case.copies_to:
        raise ValueError(f"{key}.copies_to: {store.name} is its own store; remove it")
    if len(set(case.copies_to)) < len(case.copies_to):
        raise ValueError(f"{key}.copies_to: a name stands there twice; remove one")
    _check_people(case, key, store)


def _check_people(case: UseCase, key: str, store: Place) -> None:
    """Refuse review queues and feedback where the use case's store has none."""
    if WithReviewQueues in store.factory.capabilities:
        return
    where = "store.kind" if store.name == ALONE else "a store of kind"
    if case.review_queue is not None:
        raise ValueError(f"{key}.review_queue: only {where} {kinds_with(WithReviewQueues)} has queues; remove it")
    if case.feedback is not None:
        kinds = kinds_with(WithReviewQueues)
        raise ValueError(f"{key}.feedback: only {where} {kinds} has what users say; remove it")


def _kinds(*, gives_traces: bool) -> str:
    return " or ".join(kind for kind, each in sink_factories().items() if each.gives_traces is gives_traces)


def _prefix_for(name: str) -> str:
    return f"{name.upper().replace('-', '_')}_"
