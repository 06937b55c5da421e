"""Judge endpoints as people see them: which there are, how each speaks, and what is wrong with it. No secret."""

from __future__ import annotations

from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.web_address import shown_address
from assay.worker.config.endpoint_addresses import named_by_variables
from assay.worker.config.judge_files import JudgeFiles, read_judge_files
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, child_environment
from assay.worker.wiring.models import check_usable


class ShownEndpoint(NamedTuple):
    """One endpoint.

    Attributes:
        name: as rubrics call it; `default` for the usual one.
        protocol: how it speaks. None where that is not known.
        address: without login and query. None: the provider's own place.
        has_key: whether a key is sent.
        source: the file, or `environment`.
        problem: why it cannot be used.
    """

    name: str
    protocol: str | None
    address: str | None
    has_key: bool
    source: str
    problem: str | None = None

    def in_words(self) -> str:
        """One line about it."""
        if self.problem is not None:
            return f"{self.name}: {self.problem}"
        key = "with a key" if self.has_key else "without a key"
        return f"{self.name}: {self.protocol}, {self.address or 'the provider itself'}, {key} ({self.source})"


def shown_endpoints(root: ConfigRoot, settings: Settings) -> list[ShownEndpoint]:
    """Every endpoint that files or variables describe. None where the files cannot be read, which others tell."""
    try:
        files = read_judge_files(root, settings)
    except ConfigurationError:
        return []
    names = dict.fromkeys((DEFAULT_ENDPOINT, *files.endpoints, *named_by_variables(child_environment())))
    shown = (_shown(name, files, settings) for name in names)
    return [endpoint for endpoint in shown if endpoint is not None]


def _shown(name: str, files: JudgeFiles, settings: Settings) -> ShownEndpoint | None:
    placed = files.endpoints.get(name)
    source = "environment" if placed is None else placed.path.name
    try:
        place = check_usable(name, files, settings)
    except ConfigurationError as exc:
        return ShownEndpoint(name, None, None, has_key=False, source=source, problem=str(exc))
    return None if place is None else _of(place, source)


def _of(place: EndpointSettings, source: str) -> ShownEndpoint:
    address = None if place.url is None else shown_address(place.url)
    return ShownEndpoint(place.name, place.protocol, address, has_key=place.key is not None, source=source)
