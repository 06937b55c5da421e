"""How likely a sampler before the trace store was to keep a trace, as its spans tell.

Who samples in the application or in a collector may write down how. Three ways are known:

- the trace state, `ot=th:c` (OpenTelemetry, "TraceState: Probability Sampling"): a trace is kept where its random
  number of 56 bits is at least the threshold. The threshold is hexadecimal, its trailing zeros are left out. The older
  form `ot=p:2` says that 1 of 2² is kept;
- an attribute `SampleRate`, as Honeycomb's samplers write it: 1 of so many is kept;
- the attributes `sampler.type` and `sampler.param`, as Jaeger's own clients write them.

What says nothing, contradicts itself or is malformed is unknown, and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from assay.worker.records.traces import Observation, Trace

TRACE_STATE = "w3c.tracestate"
"""The attribute under which a span's trace state is kept. Jaeger gives it this name, too."""

LEAST = 1e-4
"""Who was kept less often would count for more than ten thousand others. Hardly anybody samples so, but a client can
write it."""

_MOST_CHARS = 4_096
"""Of a trace state. The standard asks for 512 at least."""
_MEMBER = re.compile(r"[ \t]*ot=([ -~]*?)[ \t]*")
"""OpenTelemetry's member of a trace state, `ot=th:c;rv:d29d6a7215ced0`. `tenant@ot=th:c` is somebody else's."""
_KEY_VALUE = re.compile(r"([a-z][a-z0-9]*):([A-Za-z0-9._-]*)")
"""One entry of it: `th:c`."""
_THRESHOLD = re.compile(r"[0-9a-f]{1,14}")
_RANDOM = re.compile(r"[0-9a-f]{14}")
"""`c` or `e6666666666668`, and `ce929d0e0e4736`."""
_POWER = re.compile(r"[0-9]{1,2}")
_HIGHEST_POWER = 62
"""`p:63` stands for a probability of 0."""
_STEPS = 2**56
_RATE, _SAMPLER, _SAMPLER_PARAMETER = "SampleRate", "sampler.type", "sampler.param"
_READ = (TRACE_STATE, _RATE, _SAMPLER, _SAMPLER_PARAMETER)
_MOST_OBSERVATIONS = 10_000


def upstream_probability(trace: Trace) -> float | None:
    """The probability that a sampler before the store kept this trace; None where its spans do not tell.

    The root span counts. Where it tells nothing, the spans nearest below it do, if they agree.
    """
    told = probability_told(trace.root.metadata)
    if told is not None or _tells(trace.root.metadata):
        return told
    for level in _levels(trace):
        tellers = [each.metadata for each in level if _tells(each.metadata)]
        if tellers:
            probabilities = {probability_told(metadata) for metadata in tellers}
            return probabilities.pop() if len(probabilities) == 1 else None
    return None


def probability_told(metadata: Mapping[str, JsonValue]) -> float | None:
    """What one span says. The trace state counts before other attributes."""
    attributes = _own(metadata)
    state = attributes.get(TRACE_STATE)
    if isinstance(state, str) and _member(state) is not None:
        return of_trace_state(state)
    rate = attributes.get(_RATE)
    if rate is not None:
        number = _number(rate)
        return _bounded(1 / number) if number is not None and number >= 1 else None
    return _of_client(attributes)


def of_trace_state(text: str) -> float | None:
    """The probability in a trace state, e.g. .25 in `ot=th:c` and 1 in `vendor=x,ot=th:0`; None where there is none.

    A random number `rv` below the threshold contradicts it: the trace was kept for another reason.
    """
    member = _member(text)
    if not member:
        return None
    pairs = [_KEY_VALUE.fullmatch(entry) for entry in member.split(";")]
    entries = {pair[1]: pair[2] for pair in pairs if pair is not None}
    if len(entries) < len(pairs):  # malformed, or one key twice
        return None
    if "th" not in entries:
        return _of_power(entries.get("p", ""))
    threshold, random = entries["th"], entries.get("rv")
    if _THRESHOLD.fullmatch(threshold) is None or (random is not None and _RANDOM.fullmatch(random) is None):
        return None
    steps = int(threshold.ljust(14, "0"), 16)
    if random is not None and int(random, 16) < steps:
        return None
    return _bounded((_STEPS - steps) / _STEPS)


def _member(text: str) -> str | None:
    """OpenTelemetry's part of a trace state. None where it has none; empty where it has two, or is too long."""
    if len(text) > _MOST_CHARS:
        return ""
    members = [match[1] for part in text.split(",") if (match := _MEMBER.fullmatch(part)) is not None]
    return members[0] if len(members) == 1 else "" if members else None


def _of_power(power: str) -> float | None:
    if _POWER.fullmatch(power) is None or int(power) > _HIGHEST_POWER:
        return None
    return _bounded(0.5 ** int(power))


def _of_client(attributes: Mapping[str, JsonValue]) -> float | None:
    kind, parameter = attributes.get(_SAMPLER), attributes.get(_SAMPLER_PARAMETER)
    if kind == "const":
        return 1.0 if parameter is True or parameter in ("true", "1", 1) else None
    return _bounded(_number(parameter)) if kind == "probabilistic" else None


def _bounded(probability: float | None) -> float | None:
    return probability if probability is not None and LEAST <= probability <= 1 else None


def _number(value: JsonValue) -> float | None:
    """A number, also in text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _own(metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The attributes that are read here. Some stores keep attributes one level down, or with `attributes.` before."""
    inside = metadata.get("attributes")
    below: Mapping[str, JsonValue] = inside if isinstance(inside, dict) else {}
    places = {name: (metadata.get(name), metadata.get(f"attributes.{name}"), below.get(name)) for name in _READ}
    told = {name: next((value for value in values if value is not None), None) for name, values in places.items()}
    return {name: value for name, value in told.items() if value is not None}


def _tells(metadata: Mapping[str, JsonValue]) -> bool:
    """Whether a span tells anything of its sampling, rightly or not."""
    attributes = _own(metadata)
    state = attributes.get(TRACE_STATE)
    has_state = isinstance(state, str) and _member(state) is not None
    return has_state or _RATE in attributes or _SAMPLER in attributes


def _levels(trace: Trace) -> Iterable[list[Observation]]:
    """Spans by how far they lie below the root. A span whose parent is not there lies directly below it."""
    spans = trace.observations[:_MOST_OBSERVATIONS]
    ids = {span.id for span in spans}
    below: dict[str | None, list[Observation]] = {}
    for span in spans:
        below.setdefault(span.parent_id if span.parent_id in ids else None, []).append(span)
    level = below.pop(None, [])
    while level:
        yield level
        level = [span for above in level for span in below.pop(above.id, ())]
