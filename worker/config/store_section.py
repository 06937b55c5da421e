"""The `store` section of assay.yaml: the keys of every store in one model, so that one JSON schema describes them.

A key that belongs to another store than the one named is allowed and has no effect: to change stores, a team edits
`kind` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from assay.judges.schema import Record
from assay.judges.team_files.problems import first_problem
from assay.worker.config.section import Section
from assay.worker.stores.registry import embedded_factory, factories, factory_of


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


def _section_model() -> Any:
    keys: dict[str, list[FieldInfo]] = {}
    for factory in factories().values():
        for name, info in factory.section.model_fields.items():
            keys.setdefault(name, []).append(info)
    notes = "; ".join(factory.section_note for factory in factories().values() if factory.section_note)
    fields: dict[str, Any] = {
        "kind": (Literal[tuple(factories())], embedded_factory().kind),
        **{name: _field(infos) for name, infos in keys.items()},
        "read_lag_seconds": (float | None, _read_lag()),
    }
    return create_model("StoreConfig", __base__=Section, __doc__=f"Which trace store. {notes}.", **fields)


if TYPE_CHECKING:

    class StoreConfig(Record):
        """The section, as far as every store has it."""

        kind: str
        read_lag_seconds: float | None
else:
    StoreConfig = _section_model()


def own_section(config: StoreConfig) -> Record:
    """The keys of the store that is named, checked by its own model.

    Raises:
        ValueError: they do not go together; the message begins with the key.
    """
    model: type[Record] = factory_of(config.kind).section
    given = {name: getattr(config, name) for name in model.model_fields if name in config.model_fields_set}
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        key, problem = first_problem(exc, given, model, is_json=False)
        raise ValueError(f"store.{key}: {problem}") from exc
