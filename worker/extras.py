"""The extras of the package: which modules each brings, and the line that a user gets where one is missing.

A base installation is small. Whoever needs a package of an extra asks here first, so that every command says the same:
who needs what, and how it is installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Literal

from assay.judges.errors import ConfigurationError

Extra = Literal["langfuse", "otel", "otlp", "parquet", "plot", "postgres"]

EXTRAS: Mapping[Extra, tuple[str, ...]] = {
    "langfuse": ("langfuse",),
    "otel": ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "opentelemetry.proto", "requests"),
    "otlp": ("starlette", "uvicorn", "google.protobuf", "google.rpc", "opentelemetry.proto"),
    "parquet": ("pyarrow",),
    "plot": ("matplotlib",),
    "postgres": ("psycopg",),
}
"""The modules of each extra that Assay imports. pyproject.toml has the packages."""


def missing_module(extra: Extra, modules: Sequence[str] = ()) -> str | None:
    """The first module of an extra, or of those that are named, that is not installed. None: all are there."""
    return next((module for module in modules or EXTRAS[extra] if not _is_there(module)), None)


def needs_extra(extra: Extra, *, what: str, modules: Sequence[str] = (), otherwise: str = "") -> None:
    """Refuse to go on where an extra is not installed.

    Args:
        extra: its name.
        what: who needs it, as the message begins, e.g. `--format parquet`.
        modules: which of its modules are needed, if not all.
        otherwise: what else can be done, e.g. `or take csv or jsonl`.

    Raises:
        ConfigurationError: a module is missing. The message names it, and the command that installs it.
    """
    module = missing_module(extra, modules)
    if module is not None:
        raise extra_error(extra, what=what, why=f"needs {module}, which is not installed", otherwise=otherwise)


def extra_error(extra: Extra, *, what: str, why: str, otherwise: str = "") -> ConfigurationError:
    """The error of an extra that is missing or cannot be used."""
    return ConfigurationError(f"{what}: {why}; {install(extra)}{f', {otherwise}' if otherwise else ''}")


def install(extra: Extra) -> str:
    """The command that installs an extra. Quoted, for a shell takes the brackets for a pattern."""
    return f"pip install 'assay-fleet[{extra}]'"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # a parent is missing, or stands there as None
        return False
