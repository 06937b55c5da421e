"""Which trace stores and sinks the environment has keys for, or which of them somebody names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.settings import read_variables, variables_set
from assay.worker.ports.store import SinkFactory, StoreFactory
from assay.worker.stores.registry import embedded_factory, factories, sink_factories

AnyStore = StoreFactory[Any, Any]
AnySink = SinkFactory[Any, Any]


class FoundStores(NamedTuple):
    """What a first configuration is written for.

    Attributes:
        stores: those that give traces, at least one.
        sinks: those that only take copies of scores.
        incomplete: why others are left out, of which only some keys are set.
        is_named: whether somebody named them. Else they are what the environment has keys for.
    """

    stores: Sequence[AnyStore]
    sinks: Sequence[AnySink] = ()
    incomplete: Sequence[str] = ()
    is_named: bool = False

    @property
    def is_list(self) -> bool:
        """Whether assay.yaml needs the list `stores`."""
        return len(self.stores) + len(self.sinks) > 1


def found_stores() -> FoundStores:
    """Everything that the environment has keys for. Where that gives no traces, the embedded store does.

    Raises:
        ConfigurationError: only some keys of a store are set, and none of another.
    """
    chosen: list[AnySink] = []
    incomplete: list[str] = []
    for factory in sink_factories().values():
        if factory.is_embedded:
            continue
        try:
            if factory.is_chosen(read_variables(factory.variables)):
                chosen.append(factory)
        except ConfigurationError as exc:
            incomplete.append(str(exc))
    stores, sinks = _parted(chosen)
    if incomplete and not stores:
        raise ConfigurationError(f"{incomplete[0]}; or name the store that is meant: `assay init --store KIND`")
    return FoundStores(stores or [embedded_factory()], sinks, incomplete)


def named_stores(kinds: Iterable[str]) -> FoundStores:
    """The stores and sinks of these kinds, whatever the environment has.

    Raises:
        ConfigurationError: there is no such kind, or none of them gives traces.
    """
    wanted = list(dict.fromkeys(kinds))
    for kind in wanted:
        if kind not in sink_factories():
            raise ConfigurationError(
                f"assay init: --store: {kind!r} is unknown; {did_you_mean(kind, list(sink_factories()), 'kinds')}"
            )
    stores, sinks = _parted(sink_factories()[kind] for kind in wanted)
    if not stores:
        raise ConfigurationError(
            f"assay init: --store: {' and '.join(wanted)} gives no traces, and only takes copies of scores; "
            f"name a store beside it: {' or '.join(factories())}"
        )
    return FoundStores(stores, sinks, is_named=True)


def where_found(factory: AnySink) -> str:
    """A store's title with the variables that were found, as `TITLE (A_KEY, A_URL)`. No value is shown."""
    names = variables_set(factory.variables)
    return f"{factory.title} ({', '.join(names)})" if names else factory.title


def _parted(chosen: Iterable[AnySink]) -> tuple[list[AnyStore], list[AnySink]]:
    every = list(chosen)
    stores = [factory for factory in every if isinstance(factory, StoreFactory)]
    return stores, [factory for factory in every if factory not in stores]
