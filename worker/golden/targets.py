"""Where the answers of a golden run come from: recorded outputs, or the application asked over HTTP."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx
from pydantic import JsonValue

from judges.errors import ConfigurationError, EvaluationError
from judges.schema import Record
from worker.golden.files import GoldenSetError, read_records
from worker.golden.goldenset import GoldenSet
from worker.golden.schema import GoldenItem, HttpTargetSettings, Release


class TargetResponse(Record):
    """What a target answered. `contexts` is None where it does not tell its evidence, empty where it found none.

    `latency_s` and `tokens` are what the answer took, None where that is not known.
    """

    response: str
    contexts: tuple[str, ...] | None = None
    latency_s: float | None = None
    tokens: int | None = None


class TargetFailure(EvaluationError):
    """A target gave no answer to an item. `reason` is a short stable word; the item then counts as missing."""

    def __init__(self, item_id: str, reason: str, detail: str) -> None:
        super().__init__(f"{item_id}: {reason}: {detail}")
        self.item_id = item_id
        self.reason = reason
        self.detail = detail


class GoldenTarget(Protocol):
    """The application under test, or what stands for it."""

    @property
    def name(self) -> str:
        """What is shown as the release's name; holds no secret."""
        ...

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Answer one item.

        Raises:
            TargetFailure: there is no answer; an empty answer is an answer.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class RecordedTarget:
    """Answers from a recorded release: a JSONL file of `{"id", "response", "contexts"?}`."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            GoldenSetError: it cannot be read or parsed.
        """
        self._path = path
        self._answers: dict[str, Release] = {answer.id: answer for answer in read_records(path, Release)}

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._path.stem

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """The recorded answer."""
        answer = self._answers.get(item.id)
        if answer is None:
            raise TargetFailure(item.id, "missing", f"no recorded answer in {self._path}")
        return TargetResponse(**answer.model_dump(exclude={"id"}))

    async def close(self) -> None:
        """Nothing is held."""


class HttpTarget:
    """The application asked over HTTP, one POST an item; at most `concurrency` at once, none tried again."""

    def __init__(
        self, settings: HttpTargetSettings, *, headers: Mapping[str, str] | None = None, concurrency: int = 8
    ) -> None:
        """Set up the client; nothing is sent yet.

        Args:
            settings: from the manifest, variables filled in.
            headers: added to every request, e.g. with secrets from the environment.
            concurrency: requests in flight.

        Raises:
            ConfigurationError: the URL or a header cannot be used.
        """
        self._settings = settings
        self._limit = asyncio.Semaphore(concurrency)
        try:
            self._url = httpx.URL(settings.url)
            self._client = httpx.AsyncClient(
                headers={**settings.headers, **(headers or {})}, timeout=settings.timeout_s
            )
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as exc:
            raise ConfigurationError("golden target: url or headers cannot be used; check target in manifest") from exc
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ConfigurationError(f"golden target: url {settings.url!r} is not an http(s) address")

    @property
    def name(self) -> str:
        """Scheme, host and path of the URL; user, password and query are left out."""
        return str(self._url.copy_with(username=None, password=None, query=None, fragment=None))

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Ask the application."""
        async with self._limit:
            started = time.perf_counter()
            reply = await self._ask(item)
            latency = time.perf_counter() - started
        response = self._dig_one(reply, item)
        contexts = None if self._settings.contexts is None else self._dig_texts(reply, self._settings.contexts, item)
        return TargetResponse(response=response, contexts=contexts, latency_s=latency)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, item: GoldenItem) -> JsonValue:
        """One POST; every way it can go wrong is a `TargetFailure`."""
        try:
            # httpx limits each read, which a server that drips bytes never exceeds; this limits the whole call.
            async with asyncio.timeout(self._settings.timeout_s):
                reply = await self._client.post(self._url, json=fill_request(self._settings.request, item))
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise TargetFailure(item.id, "timeout", f"no answer within {self._settings.timeout_s:g} s") from exc
        except httpx.HTTPError as exc:
            raise TargetFailure(item.id, "unreachable", f"{type(exc).__name__}: {exc}") from exc
        if not reply.is_success:
            raise TargetFailure(item.id, "http_status", f"the target answered {reply.status_code}")
        try:
            data: JsonValue = reply.json()
        except ValueError as exc:
            raise TargetFailure(item.id, "bad_reply", "the reply is not JSON") from exc
        return data

    def _dig_one(self, reply: JsonValue, item: GoldenItem) -> str:
        texts = self._dig_texts(reply, self._settings.response, item)
        if len(texts) != 1:
            detail = f"{self._settings.response!r} names {len(texts)} texts in the reply, not one"
            raise TargetFailure(item.id, "bad_reply", detail)
        return texts[0]

    def _dig_texts(self, reply: JsonValue, path: str, item: GoldenItem) -> tuple[str, ...]:
        try:
            found = dig(reply, path)
        except LookupError as exc:
            raise TargetFailure(item.id, "bad_reply", f"nothing at {path!r} in the reply") from exc
        texts = [text for value in found for text in (value if isinstance(value, list) else [value])]
        if not all(isinstance(text, str) for text in texts):
            raise TargetFailure(item.id, "bad_reply", f"{path!r} does not name text in the reply")
        # JSON may smuggle in half a surrogate pair, which no UTF-8 can hold.
        return tuple(str(text).encode("utf-8", "replace").decode() for text in texts)


def target_for(
    golden: GoldenSet,
    *,
    release: str | None = None,
    variables: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    concurrency: int = 8,
) -> GoldenTarget:
    """The target a manifest names, or a recorded release of the set.

    Args:
        golden: the set.
        release: take this recorded release whatever the manifest says.
        variables: values for `${NAME}` in url and headers.
        headers: added to every request, for secrets that do not come from variables.
        concurrency: requests in flight, for a target over HTTP.

    Raises:
        GoldenSetError: no such release, none named, or a variable without a value.
        ConfigurationError: the URL cannot be used.
    """
    settings = golden.manifest.target
    if isinstance(settings, HttpTargetSettings) and release is None:
        source = golden.directory / "manifest.yaml"
        filled = {
            "url": _filled(settings.url, variables or {}, source),
            "headers": {name: _filled(value, variables or {}, source) for name, value in settings.headers.items()},
        }
        return HttpTarget(settings.model_copy(update=filled), headers=headers, concurrency=concurrency)
    chosen = release if release is not None or isinstance(settings, HttpTargetSettings) else settings.release
    known = golden.releases()
    if chosen not in known:
        what = "none is named" if chosen is None else f"there is no {chosen!r}"
        remedy = f"{what}; choose one of {', '.join(known) or 'none'}"
        raise GoldenSetError(golden.directory / "releases", "release", remedy)
    return RecordedTarget(golden.release_path(chosen))


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


def fill_request(template: JsonValue, item: GoldenItem) -> JsonValue:
    """The request of an item: `{question}` filled in wherever it occurs, `{history}` as a list of messages."""
    if isinstance(template, dict):
        return {key: fill_request(value, item) for key, value in template.items()}
    if isinstance(template, list):
        return [fill_request(value, item) for value in template]
    if template == "{history}":
        return [{"role": turn.role, "content": turn.content} for turn in item.history]
    return template.replace("{question}", item.question) if isinstance(template, str) else template


_STEP = re.compile(r"([^.\[\]]+)|\[(\*|\d+)\]")


def dig(data: JsonValue, path: str) -> list[JsonValue]:
    """Values at a dotted path: `a.b`, `a[0].b`, `a[*].b`; only `[*]` can give several.

    Raises:
        LookupError: the path leads nowhere.
    """
    found = [data]
    for key, index in _STEP.findall(path):
        found = [child for value in found for child in _children(value, key, index)]
    return found


def _children(value: JsonValue, key: str, index: str) -> list[JsonValue]:
    """One step of a path."""
    if isinstance(value, dict) and key in value:
        return [value[key]]
    if isinstance(value, list) and index == "*":
        return value
    position = index or key
    if isinstance(value, list) and position.isdecimal() and int(position) < len(value):
        return [value[int(position)]]
    raise LookupError(key or index)


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _filled(text: str, variables: Mapping[str, str], source: Path) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not variables.get(name):
            raise GoldenSetError(source, "target", f"${{{name}}} has no value; set {name} in the environment")
        return variables[name]

    return _VARIABLE.sub(value, text)
