"""The `store` and `stores` sections of assay.yaml: the keys of all stores in one model, which one schema describes.

A key that belongs to another store than the one named is allowed and has no effect: to change stores, a team edits
`kind` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from assay.judges.schema import Record
from assay.judges.team_files.problems import first_problem
from assay.worker.config.section import Section
from assay.worker.ports.store import SinkFactory
from assay.worker.stores.registry import embedded_factory, factories, sink_factories


def _read_lag() -> Any:
    usual = embedded_factory().read_lag_s
    others = (f"{f.title} {f.read_lag_s:g}" for f in factories().values() if f.read_lag_s != usual)
    words = ", ".join((f"default {usual:g}", *others))
    return Field(default=None, ge=0, description=f"How long after writing a score is looked for; {words}.")


def _field(infos: list[FieldInfo]) -> Any:
    """One key; where stores mean different things by it, whatever suits any of them."""
    if len(infos) == 1:
        return (infos[0].annotation, infos[0])
    kinds = tuple(Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation for info in infos)
    words = [info.description for info in infos if info.description]
    return (Union[kinds], Field(default=infos[0].default, description=" Or: ".join(words) or None))  # noqa: UP007


def _keys_of(known: Mapping[str, SinkFactory[Any, Any]]) -> dict[str, Any]:
    """The keys that factories have in their sections."""
    keys: dict[str, list[FieldInfo]] = {}
    for factory in known.values():
        for name, info in factory.section.model_fields.items():
            keys.setdefault(name, []).append(info)
    return {name: _field(infos) for name, infos in keys.items()}


def _notes_of(known: Mapping[str, SinkFactory[Any, Any]]) -> str:
    return "; ".join(factory.section_note for factory in known.values() if factory.section_note)


def _section_model() -> Any:
    known = factories()
    fields: dict[str, Any] = {
        "kind": (Literal[tuple(known)], embedded_factory().kind),
        **_keys_of(known),
        "read_lag_seconds": (float | None, _read_lag()),
    }
    return create_model("StoreConfig", __base__=Section, __doc__=f"Which trace store. {_notes_of(known)}.", **fields)


def _named_model() -> Any:
    known = sink_factories()
    prefix = Field(
        default="",
        pattern=r"^([A-Z][A-Z0-9_]{0,30}_)?$",
        description="What its environment variables begin with, so that two of a kind have keys of their own: `RAG_`.",
    )
    name = Field(pattern=STORE_NAME, description="What use cases call it. Kept with every score: it never changes.")
    fields: dict[str, Any] = {
        "name": (str, name),
        "kind": (Literal[tuple(known)], Field(description="What it is.")),
        "variables": (str, prefix),
        **_keys_of(known),
        "read_lag_seconds": (float | None, _read_lag()),
    }
    doc = f"One of several stores, or a place that takes copies of scores. {_notes_of(known)}."
    return create_model("NamedStore", __base__=Section, __doc__=doc, **fields)


STORE_NAME = r"^[a-z][a-z0-9-]{0,30}$"
"""The name of one of several stores, e.g. `rag`."""

if TYPE_CHECKING:

    class StoreConfig(Record):
        """The section, as far as every store has it."""

        kind: str
        read_lag_seconds: float | None

    class NamedStore(StoreConfig):
        """One of several, as far as every store has it."""

        name: str
        variables: str
else:
    StoreConfig = _section_model()
    NamedStore = _named_model()


def own_section(config: StoreConfig, key: str = "store") -> Record:
    """The keys of the store that is named, checked by its own model.

    Args:
        config: its section, or its entry in the list.
        key: where that stands in assay.yaml.

    Raises:
        ValueError: they do not go together; the message begins with the key.
    """
    model: type[Record] = sink_factories()[config.kind].section
    given = {name: getattr(config, name) for name in model.model_fields if name in config.model_fields_set}
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        inner, problem = first_problem(exc, given, model, is_json=False)
        raise ValueError(f"{key}.{inner}: {problem}") from exc
