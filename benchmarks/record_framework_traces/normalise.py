"""Spans without what differs from run to run, so that a second recording shows a small difference.

Ids are numbered in the order of the spans, times are counted in milliseconds from one moment, and addresses, ports,
folders and random ids inside texts have one form each. Nothing else is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Span = dict[str, Any]

BEGIN_NS = 1_795_910_400_000_000_000
"""2026-11-29T00:00:00Z: the first span starts here."""
STEP_NS = 1_000_000
UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])")
ADDRESS = re.compile(r"\b0x[0-9a-f]{8,16}\b")
"""e.g. `<object at 0x7f2b4c0d1e50>`."""
EPOCH = re.compile(r"\b1[789]\d{8}(?:\.\d+)?\b")
"""A moment in seconds: `1795933549.065136`."""
DURATION = re.compile(r"\b(duration['\"]?[=:] ?)\d+\.\d+")
"""e.g. `duration=0.0123`."""
HOST = re.compile(r"\b127\.0\.0\.1:\d{2,5}\b")
MOMENT = re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?")
"""e.g. `2026-11-29T05:22:46.123456`."""
PYTHON_MOMENT = re.compile(r"\bdatetime\.datetime\(20\d\d(?:, \d+){2,6}")
"""e.g. `datetime.datetime(2026, 11, 29, 5, 41, 33, 309003, tzinfo=...)`, up to the zone."""
PORT_KEY = "server.port"
MEASURED = re.compile(r"\.msTo[A-Z]|PerSecond$|\.time_to_first_token$")
"""Keys of what was measured, e.g. `ai.response.msToFinish`."""


def normalised(spans: Iterable[Span], folders: Mapping[str, str], volatile: Iterable[str] = ()) -> list[Span]:
    """The spans in the order they started, without what differs from run to run.

    Args:
        spans: As a program wrote them.
        folders: Paths on this machine, and what stands for each.
        volatile: Patterns of what else a framework makes up anew on each run, e.g. `call_[0-9a-f]{24}`.
    """
    ordered = sorted(spans, key=lambda span: (span["start"], span["end"] * -1))
    times = sorted({span[edge] for span in ordered for edge in ("start", "end")})
    moments = {time: BEGIN_NS + rank * STEP_NS for rank, time in enumerate(times)}
    traces = _numbered((span["trace_id"] for span in ordered), 32)
    ids = _numbered((span["span_id"] for span in ordered), 16)
    plain = _plain_text(folders, {**traces, **ids}, volatile)
    return [
        {
            **{key: _deep(value, plain) for key, value in span.items()},
            "trace_id": traces[span["trace_id"]],
            "span_id": ids[span["span_id"]],
            "parent_id": ids.get(span["parent_id"], span["parent_id"]),
            "start": moments[span["start"]],
            "end": moments[span["end"]],
        }
        for span in ordered
    ]


def _numbered(ids: Iterable[str], digits: int) -> dict[str, str]:
    return {own: f"{number:0{digits}x}" for number, own in enumerate(dict.fromkeys(ids), 1)}


def _plain_text(folders: Mapping[str, str], ids: Mapping[str, str], volatile: Iterable[str]) -> Callable[[str], str]:
    """A function that rewrites one text; the same random id gets the same number everywhere."""
    known: dict[str, str] = {}

    def uuid(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"00000000-0000-4000-8000-{len(known) + 1:012x}")

    def made_up(match: re.Match[str]) -> str:
        return known.setdefault(match[0], re.sub(r"[0-9A-Za-z]+$", f"x{len(known) + 1}", match[0]))

    def plain(text: str) -> str:
        for folder, name in folders.items():
            text = text.replace(folder, name)
        for own, number in ids.items():
            text = text.replace(own, number)
        for pattern in volatile:
            text = re.sub(pattern, made_up, text)
        text = UUID.sub(uuid, ADDRESS.sub("0x7f0000000000", HOST.sub("127.0.0.1:8000", text)))
        text = DURATION.sub(r"\g<1>1.5", EPOCH.sub("1795910400", text))
        text = PYTHON_MOMENT.sub("datetime.datetime(2026, 11, 29, 0, 0", text)
        return MOMENT.sub("2026-11-29T00:00:00", text)

    return plain


def _deep(value: Any, plain: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: _fixed(key, _deep(value[key], plain)) for key in sorted(value)}
    return [_deep(item, plain) for item in value] if isinstance(value, list | tuple) else value


def _fixed(key: str, value: Any) -> Any:
    if key == PORT_KEY:
        return 8000
    return 1.5 if MEASURED.search(key) and isinstance(value, int | float) else value


def written(content: Mapping[str, Any]) -> str:
    """The text of a recording."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
