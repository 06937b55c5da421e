"""Why something could not be imported, in one line: whose file hides which package, or what to install anew.

This file imports nothing that a file of that name could hide: `importlib.machinery` is a part of Python's core.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

REINSTALL = "pip install --force-reinstall assay-fleet"


def explain_import_failure(exc: BaseException) -> str | None:
    """Say which module could not be imported and what to do about it.

    Returns:
        None: the exception does not come from an import.
    """
    name = _module_at_fault(exc)
    if name is None:
        return None
    package = name.partition(".")[0]
    homes = _homes(package)
    if len(homes) > 1:
        return (
            f"cannot import {name}: {homes[0]} hides the package {package} that assay needs; "
            "rename it, or take its folder off PYTHONPATH"
        )
    reason = " ".join(str(exc).split()) or type(exc).__name__
    return f"cannot import {name} ({reason}); the installation is incomplete, mend it by `{REINSTALL}`"


def _module_at_fault(exc: BaseException) -> str | None:
    """The name of the module that is missing, broken, or another than the one that was meant."""
    if isinstance(exc, ImportError) and exc.name:
        return exc.name
    module = getattr(exc, "obj", None) if isinstance(exc, AttributeError) else None
    if isinstance(module, type(sys)) and len(_homes(module.__name__.partition(".")[0])) > 1:
        return module.__name__  # np.array, where np is somebody's own numpy.py
    return _module_being_imported(exc)


def _module_being_imported(exc: BaseException) -> str | None:
    """The name of the innermost module whose body was running, if there is one."""
    innermost, traceback = None, exc.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        name = str(frame.f_globals.get("__name__"))
        if frame.f_code.co_name == "<module>" and name != "__main__":
            innermost = name
        traceback = traceback.tb_next
    return innermost


def _homes(package: str) -> list[str]:
    """Where a top-level package or module is found, in the order in which Python looks."""
    specs = (PathFinder.find_spec(package, [entry]) for entry in sys.path)
    return list(dict.fromkeys(spec.origin for spec in specs if spec is not None and spec.origin is not None))
