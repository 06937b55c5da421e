"""Assay: an asynchronous LLM-as-a-judge worker fleet. `assay.judges` scores, `assay.worker` is the fleet around it.

In a notebook or a program: `from assay import judge`. What is not asked for is not imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.judges.errors import ConfigurationError as ConfigurationError
    from assay.judges.schema import Sample as Sample
    from assay.worker.python_api.judging import ajudge as ajudge
    from assay.worker.python_api.judging import judge as judge
    from assay.worker.python_api.verdicts import Verdict as Verdict
    from assay.worker.python_api.verdicts import Verdicts as Verdicts

_PLACES = {
    "judge": "assay.worker.python_api.judging",
    "ajudge": "assay.worker.python_api.judging",
    "Verdict": "assay.worker.python_api.verdicts",
    "Verdicts": "assay.worker.python_api.verdicts",
    "Sample": "assay.judges.schema",
    "ConfigurationError": "assay.judges.errors",
}
"""Where each public name comes from."""

__all__ = sorted(_PLACES)  # noqa: PLE0605  # names of `_PLACES`, each found by `__getattr__`


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'assay' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
