"""All trace stores there are, found by their folders. This file names none of them, and nobody imports them but it.

A folder is a store when it has a module `factory` with a `FACTORY`. Factories are light: the SDK of a store is imported
when it is opened, so a deployment never loads another store's.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.worker import stores
from assay.worker.ports.store import SinkFactory, StoreFactory


@cache
def sink_factories() -> Mapping[str, SinkFactory[Any, Any]]:
    """Every factory by its kind, of stores and of mere sinks: the embedded one first, the others by name."""
    folders = (module.name for module in pkgutil.iter_modules(stores.__path__) if module.ispkg)
    modules = (f"{stores.__name__}.{folder}.factory" for folder in folders)
    known: list[SinkFactory[Any, Any]] = [import_module(name).FACTORY for name in modules if find_spec(name)]
    return {factory.kind: factory for factory in sorted(known, key=lambda f: (not f.is_embedded, f.kind))}


@cache
def factories() -> Mapping[str, StoreFactory[Any, Any]]:
    """The factories of those that give traces."""
    return {kind: factory for kind, factory in sink_factories().items() if isinstance(factory, StoreFactory)}


def factory_of(kind: str) -> StoreFactory[Any, Any]:
    """The factory of a kind of store.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if kind not in factories():
        raise ConfigurationError(f"assay.yaml: store.kind: {kind!r} is unknown; use {' or '.join(factories())}")
    return factories()[kind]


def embedded_factory() -> StoreFactory[Any, Any]:
    """The store that needs no server, and that is meant where assay.yaml names none."""
    return next(factory for factory in factories().values() if factory.is_embedded)


def factories_with(capability: object) -> tuple[StoreFactory[Any, Any], ...]:
    """The stores that have a capability, which is one of the protocols in `assay.worker.ports`."""
    return tuple(factory for factory in factories().values() if capability in factory.capabilities)


def kinds_with(capability: object) -> str:
    """Their kinds, as words for a message."""
    return " or ".join(factory.kind for factory in factories_with(capability))


def titles_with(capability: object) -> str:
    """What people call them, as words for a help text."""
    return " or ".join(factory.title for factory in factories_with(capability))
