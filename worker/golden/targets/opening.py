"""The target a manifest names, opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.target_settings import (
    FromEnvironment,
    HttpTargetSettings,
    ModelTargetSettings,
    RecordedTargetSettings,
)
from assay.worker.golden.targets.exchange import SHORTEST_SECRET, Keep, keep_nothing
from assay.worker.golden.targets.http_target import HttpTarget
from assay.worker.golden.targets.model_target import ModelTarget
from assay.worker.golden.targets.port import GoldenTarget
from assay.worker.golden.targets.python_target import PythonTarget
from assay.worker.golden.targets.recorded import RecordedTarget

Lookup = Callable[[str], SecretStr | None]
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BEGINNING = re.compile(r"\A(?:\$\{\w+\}|[A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*")
_SECRET_HEADER = re.compile(r"authorization|cookie|key|token|secret|password", re.IGNORECASE)


def no_variables(name: str) -> SecretStr | None:
    """An environment in which nothing is set."""


def target_for(
    golden: GoldenSet,
    *,
    release: str | None = None,
    lookup: Lookup = no_variables,
    concurrency: int = 8,
    keep: Keep = keep_nothing,
) -> GoldenTarget:
    """The target a manifest names, or a recorded release of the set.

    Args:
        golden: the set.
        release: take this recorded release whatever the manifest says.
        lookup: a variable's value in the environment, for `${NAME}` and `{env: NAME}`.
        concurrency: answers in flight, where the manifest does not say.
        keep: told of every exchange with a target that is really asked.

    Raises:
        GoldenSetError: no such release, none named, or a variable without a value.
        ConfigurationError: the URL or the function cannot be used.
    """
    settings = golden.manifest.target
    if isinstance(settings, RecordedTargetSettings):
        return _recorded(golden, release or settings.release)
    if release is not None:
        return _recorded(golden, release)
    manifest = golden.directory / "manifest.yaml"
    if isinstance(settings, HttpTargetSettings):
        return _http(settings, manifest, lookup, concurrency=concurrency, keep=keep)
    if isinstance(settings, ModelTargetSettings):
        return _model(settings, manifest, lookup, concurrency=concurrency, keep=keep)
    return PythonTarget(settings, concurrency=concurrency, keep=keep)


def baseline_targets(golden: GoldenSet, repeats: int, run_id: str) -> list[GoldenTarget]:
    """The reviewed baseline's outputs, one target for each repeat; the run's id picks which, so that they take turns.

    Raises:
        GoldenSetError: there is no baseline, it has too few outputs, or it answers other items.
    """
    baseline = golden.baseline
    if baseline is None:
        remedy = (
            "there is none; name a release with `baseline:` or --baseline, or take runs with `assay golden baseline`"
        )
        raise GoldenSetError(golden.directory / "baseline", "baseline", remedy)
    if not baseline.answers(golden.digests):
        remedy = "was taken with other items; run the released application again and take a new baseline"
        raise GoldenSetError(baseline.directory, "digests.items", remedy)
    return [RecordedTarget(baseline.path(outputs)) for outputs in baseline.chosen(repeats, run_id)]


def _recorded(golden: GoldenSet, chosen: str | None) -> RecordedTarget:
    known = golden.releases()
    if chosen not in known:
        what = "none is named" if chosen is None else f"there is no {chosen!r}"
        remedy = f"{what}; choose one of {', '.join(known) or 'none'}"
        raise GoldenSetError(golden.directory / "releases", "release", remedy)
    return RecordedTarget(golden.release_path(chosen))


def _http(settings: HttpTargetSettings, manifest: Path, lookup: Lookup, *, concurrency: int, keep: Keep) -> HttpTarget:
    headers, secrets = {}, _secrets_in_url(settings.url, lookup, manifest)
    for name, value in settings.headers.items():
        key = f"target.headers.{name}"
        if isinstance(value, FromEnvironment):
            secrets.append(_secret(value.env, lookup, manifest, key=key))
            headers[name] = value.prefix + secrets[-1]
        else:
            headers[name] = _filled(value, lookup, manifest, key=key)
            if _SECRET_HEADER.search(name):
                secrets += [_secret(variable, lookup, manifest, key=key) for variable in _VARIABLE.findall(value)]
    url = _filled(settings.url, lookup, manifest)
    return HttpTarget(
        settings.model_copy(update={"url": url, "headers": headers}),
        secrets=secrets,
        settings_digest=settings.digest(),
        concurrency=concurrency,
        keep=keep,
    )


def _model(
    settings: ModelTargetSettings, manifest: Path, lookup: Lookup, *, concurrency: int, keep: Keep
) -> ModelTarget:
    usual = lookup("OPENAI_BASE_URL")
    base_url = settings.base_url and _filled(settings.base_url, lookup, manifest)
    api_key = lookup(settings.api_key.env)
    if api_key is None and base_url is None and usual is None:
        remedy = f"set {settings.api_key.env} in the environment, or OPENAI_BASE_URL for a server that needs no key"
        raise GoldenSetError(manifest, "target.api_key", remedy)
    return ModelTarget(
        settings.model_copy(update={"model": _filled(settings.model, lookup, manifest), "base_url": base_url}),
        directory=manifest.parent,
        base_url=usual.get_secret_value() if usual is not None else None,
        api_key=api_key,
        concurrency=concurrency,
        keep=keep,
    )


def _secrets_in_url(url: str, lookup: Lookup, manifest: Path) -> list[str]:
    """The variables behind the host: keys and tenants stand there; scheme and host are the target's name."""
    behind = _BEGINNING.sub("", url, count=1)
    values = [_filled(f"${{{name}}}", lookup, manifest) for name in _VARIABLE.findall(behind)]
    # A short word would be found in harmless text, too.
    long = [value for value in values if len(value) >= SHORTEST_SECRET]
    return [*long, *(quoted for value in long if (quoted := quote(value, safe="")) != value)]


def _secret(name: str, lookup: Lookup, manifest: Path, *, key: str) -> str:
    value = _filled(f"${{{name}}}", lookup, manifest, key=key)
    if len(value) < SHORTEST_SECRET:
        # Looked for in answers, a short one would be found in harmless text.
        remedy = f"a secret has at least {SHORTEST_SECRET} characters; give {name} such a one, or the header a value"
        raise GoldenSetError(manifest, key, remedy)
    return value


def _filled(text: str, lookup: Lookup, manifest: Path, *, key: str = "target") -> str:
    """The text with every `${NAME}` in it replaced."""

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        secret = lookup(name)
        # Secrets read from files often end in a line break, which no header can hold.
        value = secret.get_secret_value().strip() if secret is not None else ""
        if not value:
            raise GoldenSetError(manifest, key, f"${{{name}}} has no value; set {name} in the environment")
        if not value.isprintable():
            raise GoldenSetError(manifest, key, f"${{{name}}} holds characters that cannot be sent; set {name} anew")
        return value

    return _VARIABLE.sub(value_of, text)
