"""What docker compose makes of docker-compose.yml: which services run with which profiles, and what variables become.

There is no container engine where the tests run. Where Compose itself is installed, tests hold this to its answers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("assay-fleet:")}
"""Services of our image."""

PROFILES = sorted({profile for service in SERVICES.values() for profile in service.get("profiles", ())})

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")
"""The beginning of a variable in braces, e.g. `${GRAFANA_PASSWORD` of `${GRAFANA_PASSWORD:+none}`."""


class Unusable(Exception):
    """Compose would refuse the file, or warn of it."""


def filled(text: str, env: Mapping[str, str]) -> str:
    """A text with its variables replaced, as the specification says: `$$`, `${A}`, `-`, `:-`, `:+`, `:?`, nested.

    Raises:
        Unusable: a variable without a default is not set, or one that is required.
    """
    done = ""
    while "$" in text:
        before, _, text = text.partition("$")
        if text.startswith("$"):
            done, text = f"{done}{before}$", text[1:]
            continue
        end = _closing(text)
        done, text = f"{done}{before}{_value(text[1:end], env)}", text[end + 1 :]
    return done + text


def _closing(text: str) -> int:
    """Where the brace ends that a text begins with."""
    if not text.startswith("{"):
        raise Unusable(f"a variable without braces: ${text[:20]}")
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return at
    raise Unusable(f"a brace is not closed: ${text[:40]}")


def _value(inside: str, env: Mapping[str, str]) -> str:
    name = re.match(r"\w+", inside)
    assert name is not None, inside
    value, rest = env.get(name[0], ""), inside[name.end() :]
    if rest.startswith("-"):
        return env[name[0]] if name[0] in env else filled(rest[1:], env)
    operator, word = rest[:2], rest[2:]
    if operator == ":-":
        return value or filled(word, env)
    if operator == ":+":
        return filled(word, env) if value else ""
    if not value:
        raise Unusable(f"{name[0]} is not set{rest and f': {word}'}")
    return value


def texts(value: Any) -> Iterator[str]:
    """Every text of a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def names_of(value: Any) -> set[str]:
    """Names of all variables in a value."""
    return {name for text in texts(value) for name in _NAME.findall(text.replace("$$", ""))}


def in_force(value: Any, env: Mapping[str, str]) -> Any:
    """A value with all its variables replaced."""
    if isinstance(value, dict):
        return {key: in_force(each, env) for key, each in value.items()}
    if isinstance(value, list):
        return [in_force(each, env) for each in value]
    return filled(value, env) if isinstance(value, str) else value


def active(profiles: Collection[str], env: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The services that run.

    Raises:
        Unusable: compose would refuse, or warn. All variables are read, whatever the profiles are, as compose does.
    """
    services = in_force(SERVICES, env)
    running = {
        name: service
        for name, service in services.items()
        if not service.get("profiles") or set(profiles) & set(service["profiles"])
    }
    for name, service in running.items():
        for other, condition in service.get("depends_on", {}).items():
            if other not in running and condition.get("required", True):
                raise Unusable(f"{name} depends on {other}, which does not run with {sorted(profiles)}")
        for volume in named_volumes(service):
            if volume not in COMPOSE["volumes"]:
                raise Unusable(f"{name}: there is no volume {volume}")
    return running


def mounts(service: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """What is mounted: source, target, whether it is only read."""
    for volume in service.get("volumes", ()):
        if isinstance(volume, dict):
            yield volume["source"], volume["target"], volume.get("read_only", False)
        else:
            source, target, *mode = volume.rsplit(":", 2) if volume.endswith(":ro") else volume.rsplit(":", 1)
            yield source, target, mode == ["ro"]


def named_volumes(service: Mapping[str, Any]) -> list[str]:
    """Volumes that compose keeps."""
    return [source for source, _, _ in mounts(service) if "/" not in source]


def compose_program() -> Path | None:
    """Compose itself, where there is one: from the package index or on the PATH. `config` needs no engine."""
    spec = find_spec("compose")
    packaged = Path(str(spec.origin)).with_name("docker-compose") if spec else Path()
    found_on_path = shutil.which("docker-compose")
    if packaged.is_file():
        return packaged
    return Path(found_on_path) if found_on_path else None
