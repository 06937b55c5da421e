"""Shifts the wall clock of chosen processes of a fleet, before anything else is imported.

Put this folder on PYTHONPATH and name a JSON file in FIRE_CLOCK_SKEW: `{"assess2": -30, "control": 300}`. A process is
known by the name before the `@` of its --hostname, or as `beat`. The monotonic clock stays right, as on a real machine.
"""

import datetime
import json
import os
import sys
import time

_CALM_TIME = time.time
_CALM_DATETIME = datetime.datetime


def _name() -> str:
    words = sys.orig_argv
    if "--hostname" in words:
        return words[words.index("--hostname") + 1].partition("@")[0]
    return "beat" if "beat" in words else ""


def _seconds() -> float:
    try:
        with open(os.environ["FIRE_CLOCK_SKEW"]) as file:  # noqa: PTH123, TID251  # nothing may be imported yet
            return float(json.load(file).get(_name(), 0.0))
    except (KeyError, OSError):
        return 0.0


class _Anything(type):
    """Real moments count as instances of the shifted class: C code makes nothing else."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _CALM_DATETIME)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _CALM_DATETIME)


def _shift(seconds: float) -> None:
    by = datetime.timedelta(seconds=seconds)

    class datetime_(_CALM_DATETIME, metaclass=_Anything):  # noqa: N801  # it takes that one's place
        def __new__(cls, *args, **kwargs):  # type: ignore[no-untyped-def]
            return _CALM_DATETIME(*args, **kwargs)

        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return _CALM_DATETIME.now(tz) + by

        @classmethod
        def utcnow(cls):  # type: ignore[no-untyped-def]
            return _CALM_DATETIME.now(datetime.UTC).replace(tzinfo=None) + by

    datetime_.__name__ = datetime_.__qualname__ = "datetime"
    datetime_.__module__ = "datetime"
    datetime.datetime = datetime_  # type: ignore[misc]
    time.time = lambda: _CALM_TIME() + seconds
    time.time_ns = lambda: int((_CALM_TIME() + seconds) * 1e9)


if _seconds():
    _shift(_seconds())
