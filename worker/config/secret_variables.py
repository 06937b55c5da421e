"""Variables that hold secrets of the fleet itself: no judge endpoint may be sent one."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel

from assay.worker.config.settings import Settings, names_of
from assay.worker.stores.registry import sink_factories

PROVIDER_KEYS = ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
"""The usual variables of a provider's key, which endpoints of its protocol take."""


def is_of_fleet(variable: str) -> bool:
    """Whether a variable is a secret setting of Assay's, or belongs to a trace store."""
    if variable in _secret_settings() or variable.startswith(_prefixes_of_stores()):
        return True
    # Of several stores each has the usual names behind a prefix of its own: `RAG_…_SECRET_KEY`.
    return variable.endswith(tuple(f"_{name}" for name in _variables_of_stores()))


@cache
def _secret_settings() -> frozenset[str]:
    return frozenset(
        name
        for field, info in Settings.model_fields.items()
        if "SecretStr" in str(info.annotation)
        for name in names_of(info.validation_alias) or [f"ASSAY_{field.upper()}"]
    )


@cache
def _prefixes_of_stores() -> tuple[str, ...]:
    """What the variables of trace stores begin with: a server of one has secrets beside those that are read here."""
    names = _variables_of_stores()
    return tuple(sorted({f"{name.partition('_')[0]}_" for name in names if not name.startswith("ASSAY_")}))


@cache
def _variables_of_stores() -> frozenset[str]:
    models: list[type[BaseModel]] = [factory.variables for factory in sink_factories().values()]
    return frozenset(
        name for model in models for info in model.model_fields.values() for name in names_of(info.validation_alias)
    )
