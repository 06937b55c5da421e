"""A request's way through the server: faults, sizes, keys, limits, then the route; no sockets here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from tests.servers.langfuse.auth import authorise
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Refused, Reply, refuse
from tests.servers.langfuse.limits import RateLimits
from tests.servers.langfuse.routes import EVENTS_ONLY, EVERYWHERE, NEWER, OLDER, Route, size_limit_text

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

PAGE_404 = Reply(404, text="<!DOCTYPE html><html><body>404</body></html>", content_type="text/html; charset=utf-8")


@dataclass(frozen=True)
class Arrival:
    """A request as it came over the wire; `target` is path and query, still encoded."""

    method: str
    target: str
    headers: Mapping[str, str]
    header_bytes: int
    raw: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Application:
    """Answers requests out of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._limits = RateLimits(project.settings.per_minute, project.settings.rate_window_s)
        self._routes = [(route, re.compile(route.pattern)) for route in self._served()]

    def _served(self) -> tuple[Route, ...]:
        served = {"v4": (*NEWER, *EVENTS_ONLY), "dual": (*NEWER, *OLDER), "v3": OLDER}
        settings = self.project.settings
        routes = (*EVERYWHERE, *served[settings.generation])
        return tuple(route for route in routes if route.path != "/v3/scores" or settings.has_v3_scores)

    def group_of(self, arrival: Arrival) -> str:
        """The group in which a request is counted."""
        return next((route.group for route, _ in self._on(arrival.path) if route.method == arrival.method), "none")

    def answer(self, arrival: Arrival) -> Reply:
        """The reply; nothing but the project's state changes."""
        if arrival.header_bytes > self.project.settings.most_header_bytes:
            return Reply(431)
        try:
            reply = self._answer(arrival)
        except Refused as refused:
            return refused.reply
        return reply

    def _answer(self, arrival: Arrival) -> Reply:
        found = self._on(arrival.path)
        if not found:
            return PAGE_404
        chosen = next(((route, args) for route, args in found if route.method == arrival.method), None)
        if chosen is None:
            raise refuse(405, "Method not allowed", "MethodNotAllowedError")
        route, args = chosen
        if len(arrival.raw) > min(route.most_bytes, self.project.settings.most_request_bytes or route.most_bytes):
            return Reply(413, text=size_limit_text(route))
        if route.access != "none":
            public = route.access == "scores"
            named = route.path == "/ingestion"
            authorise(
                arrival.headers.get("authorization"), self.project.settings, public_key_enough=public, named=named
            )
        with self.project.lock:
            limited = self._limits.refusal(route.group, self.project.clock.now())
            query = tuple(parse_qsl(arrival.target.partition("?")[2], keep_blank_values=True))
            call = Call(arrival.method, arrival.path, args, query, arrival.raw, arrival.headers)
            return limited or route.answer(self.project, call)

    def _on(self, path: str) -> list[tuple[Route, tuple[str, ...]]]:
        found = [(route, pattern.fullmatch(path)) for route, pattern in self._routes]
        return [(route, tuple(map(unquote, match.groups()))) for route, match in found if match]
