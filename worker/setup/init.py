"""The first `assay.yaml` of a deployment, written from what its store holds, with the reason beside each line."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.endpoints import endpoints_schema
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.records.private_files import private_directory
from assay.worker.setup.first_stores import FirstSection, store_lines
from assay.worker.setup.traffic import Stream, Traffic

SCHEMA_FILE = Path(".assay") / "assay.schema.json"
PRODUCTION = ("production", "prod", "live")
MOST_CASES = 8
LEAST_SHARE = 0.01
"""A trace name with less of the traffic than this is left to the use case for everything else."""


class Beginning(FirstSection):
    """A store that a first configuration is made for, and what was seen there; `why` where nothing could be."""

    traffic: Traffic = Traffic()
    why: str = ""


def first_config(
    stores: Sequence[Beginning], settings: Settings, sinks: Sequence[FirstSection] = (), *, is_named: bool = False
) -> str:
    """The text of the file.

    Args:
        stores: those that give traces, at least one.
        settings: whether a judge model has a key.
        sinks: places that get copies of scores.
        is_named: whether somebody named all these. Else they were found by their keys.
    """
    about_stores = store_lines(stores, sinks, is_named=is_named)
    return "\n".join(_lines(about_stores, _use_case_lines(stores, sinks), settings)) + "\n"


def write_first_config(directory: Path, text: str, *, force: bool) -> Path:
    """Write assay.yaml, checked, and its schema for editors; an existing file only if told so.

    Raises:
        ConfigurationError: there is one already, or it cannot be written.
    """
    path = directory / CONFIG_FILE
    if path.exists() and not force:
        raise ConfigurationError(f"{path}: file: exists already; edit it, or write it anew with --force")
    fresh = path.with_name(CONFIG_FILE + ".new")
    schema = directory / SCHEMA_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        private_directory(schema.parent)  # the usual data directory, too
        schema.write_text(json.dumps(Deployment.model_json_schema(), indent=2) + "\n", encoding="utf-8")
        own = schema.with_name("endpoints.schema.json")
        own.write_text(json.dumps(endpoints_schema(), indent=2) + "\n", encoding="utf-8")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: file: cannot be written ({exc.strerror or exc})") from exc
    ConfigRoot(path=directory).deployment()
    return path


def _lines(about_stores: Iterable[str], use_cases: Iterable[str], settings: Settings) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE.as_posix()}"
    yield "# Which traffic is judged, how much of it, and by what. Written by `assay init`; yours to edit."
    yield ""
    yield from about_stores
    yield ""
    yield "defaults:"
    yield "  rate: 0.10                     # share of traces judged; 5 to 10 % is usual"
    yield "  low_traffic: {below_per_day: 1000}   # a use case with less traffic than this is judged whole"
    yield "  min_per_day: 50                # raises the rate where traffic is thin, so that a rate means something"
    yield "  quiet_seconds: 60              # a trace is judged when it has been over for this long"
    yield "  rubrics: [grounding]           # judged by the local judge: no key, no cost, a screen"
    if settings.has_llm:
        model = _one_line(settings.judge_model)
        yield f"  # rubrics: [grounding-llm]     # by {model} at your endpoint; it costs money"
    yield ""
    yield from use_cases


def _use_case_lines(stores: Sequence[Beginning], sinks: Sequence[FirstSection]) -> Iterator[str]:
    is_alone = len(stores) == 1
    if is_alone:
        yield from _seen_lines(stores[0])
    yield "# Health, legal, finance: with `stakes: high` a quarter of a use case's traces is judged, not a tenth."
    if sinks:
        yield "# copies_to: where each score goes, too, once its own store shows it."
    yield "use_cases:                       # the first match in file order wins"
    copies = [f"    copies_to: [{', '.join(sink.kind for sink in sinks)}]"] if sinks else []
    taken: set[str] = {"everything-else", "everything"}
    for store in stores:
        if is_alone:
            yield from _cases_of_store(store, "", copies, taken)
        else:
            yield from (f"  {line}" for line in _seen_lines(store, store.kind))
            yield from _cases_of_store(store, store.kind, [f"    store: {store.kind}", *copies], taken)


def _cases_of_store(store: Beginning, name: str, keys: Sequence[str], taken: set[str]) -> Iterator[str]:
    """The use cases of one store.

    Args:
        store: what was seen there.
        name: what it is called where there are several.
        keys: further lines of each use case.
        taken: names of use cases so far.
    """
    traffic, environments = store.traffic, _environments(store.traffic)
    own = _own_cases(traffic, environments)
    for stream in own:
        yield f"  - name: {_quoted(_name(stream.name, taken))}"
        yield from keys
        yield f"    match: {{{_environment_key(environments)}trace_name: [{_pattern(stream.name)}]}}"
        yield f"    # about {traffic.per_day(stream.traces):,} traces a day"
    last = "everything-else" if own else "everything"
    yield f"  - name: {_name(f'{name}-{last}', taken) if name else last}"
    yield from keys
    yield f"    match: {{{_environment_key(environments).rstrip(', ')}}}"


def _seen_lines(beginning: Beginning, name: str = "") -> Iterator[str]:
    """What was seen, in comments. Where there are several stores, with this one's name."""
    traffic, environments = beginning.traffic, _environments(beginning.traffic)
    in_store = f" in {name}" if name else ""
    if beginning.why:
        yield f"# {name or 'The store'} could not be looked at ({_one_line(beginning.why)});"
        yield "# this takes all traces. `assay doctor` says what is wrong."
        return
    if not traffic.streams:
        yield f"# No traces were seen{in_store} in the last 7 days; this takes all that come."
        return
    volume = f"{traffic.traces:,} traces, about {traffic.per_day(traffic.traces):,} a day"
    yield f"# Seen{in_store} in the last {_duration(traffic.hours)}: {volume}."
    others = sorted({s.environment for s in traffic.streams} - set(environments)) if environments else []
    if others:
        yield f"# Not judged: traces in {', '.join(map(_quoted, others[:10]))}; add to `match` what should be."


def _environments(traffic: Traffic) -> tuple[str, ...]:
    """The environments that look like production; none where no name says so, and then all are taken."""
    return tuple(sorted({s.environment for s in traffic.streams if s.environment.lower() in PRODUCTION}))


def _own_cases(traffic: Traffic, environments: tuple[str, ...]) -> list[Stream]:
    """The trace names worth a use case of their own; with one name only there is nothing to tell apart."""
    counts: dict[str, int] = {}
    for stream in traffic.streams:
        if stream.name and (not environments or stream.environment in environments):
            counts[stream.name] = counts.get(stream.name, 0) + stream.traces
    least = LEAST_SHARE * sum(counts.values())
    large = sorted(((n, name) for name, n in counts.items() if n >= least), reverse=True)[:MOST_CASES]
    return [Stream(environment="", name=name, traces=n) for n, name in large] if len(counts) > 1 else []


def _environment_key(environments: tuple[str, ...]) -> str:
    return f"environment: [{', '.join(map(_pattern, environments))}], " if environments else ""


def _name(trace_name: str, taken: set[str]) -> str:
    """A use case's name made from a trace's: lower case, hyphens, unique."""
    base = re.sub(r"[^a-z0-9_]+", "-", trace_name.lower()).strip("-_")[:50]
    base = base if base[:1].isalpha() else f"case-{base}".rstrip("-")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _pattern(name: str) -> str:
    """A name as a pattern that matches it alone, as YAML."""
    return _quoted(glob.escape(name))


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) and isinstance(yaml.safe_load(text), str):
        return text
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)
    return dumped.strip()


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:160]


def _duration(hours: float) -> str:
    return "hour" if hours == 1 else f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.2g} hours"
