"""What the team's files say of judge models: endpoints and prices, read together and held by everything that asks."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from assay.judges.errors import ConfigurationError, place_words
from assay.judges.prices import PriceTable
from assay.judges.team_files.problems import problem_at
from assay.judges.team_files.reading import FileProblem, named_place, read_document
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.endpoints import ENDPOINTS_FILE, Endpoints, EndpointSection, EndpointsFile, named_remedy
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.price_file import packaged_prices, price_file, read_prices
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings

_OTHER_NAMES = ("endpoints.yml", "Endpoints.yaml", "Endpoints.yml", "endpoint.yaml", "endpoint.yml", "endpoints.json")
"""What the file may be called by mistake, e.g. `endpoints.yml`."""


class PlacedEndpoint(NamedTuple):
    """An endpoint's section, and where it stands.

    Attributes:
        section: as it was written.
        folder: of its file: paths in it begin there.
        path: the file.
        place: the keys that lead to it.
    """

    section: EndpointSection
    folder: Path
    path: Path
    place: tuple[str, ...]

    def where(self, key: str) -> str:
        """File, line and key of what stands in it, for messages. The file is read once more: its lines are not kept."""
        place = (*self.place, *key.split(".", 1))
        line = None
        with suppress(FileProblem):  # it was readable a moment ago: somebody is writing it
            line = read_document(self.path).line(place)
        return f"{self.path}: {place_words('.'.join(place), line)}"


class JudgeFiles(NamedTuple):
    """Endpoints by name, and prices."""

    endpoints: dict[str, PlacedEndpoint]
    prices: PriceTable

    def version(self) -> str:
        """sha256 over all of it. No secret is in it: files hold the names of variables alone."""
        sections = sorted((name, placed.section.model_dump_json()) for name, placed in self.endpoints.items())
        return hashlib.sha256(f"{sections}{self.prices.content_hash()}".encode()).hexdigest()


def no_judge_files() -> JudgeFiles:
    """Nothing said: endpoints are in the environment, prices are the packaged ones."""
    return JudgeFiles({}, packaged_prices())


def read_judge_files(root: ConfigRoot, settings: Settings, deployment: Deployment | None = None) -> JudgeFiles:
    """Read what the files of a config root say.

    Args:
        root: where the files are.
        settings: names a price file, perhaps.
        deployment: assay.yaml, where it was read already. None: it is read, if there is one.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    config = root.path / CONFIG_FILE
    if deployment is None and config.is_file():
        deployment = root.deployment()
    inside = deployment.endpoints if deployment is not None else {}
    own = endpoints_file(root)
    beside = _read_endpoints(own)
    if twice := sorted(inside.keys() & beside.keys()):
        raise ConfigurationError(f"{own}: {twice[0]}: stands under endpoints in {config} too; leave one out")
    placed = {name: PlacedEndpoint(s, config.parent, config, ("endpoints", name)) for name, s in inside.items()}
    placed |= {name: PlacedEndpoint(s, own.parent, own, (name,)) for name, s in beside.items()}
    named = deployment.prices if deployment is not None else None
    return JudgeFiles(placed, read_prices(price_file(config.parent, named, settings.prices_file)))


def endpoints_file(root: ConfigRoot) -> Path:
    """Where `endpoints.yaml` lies: in the config root; in the current directory where that has no assay.yaml."""
    is_ours = root.path == packaged_root() and not root.is_named
    return (Path.cwd() if is_ours else root.path) / ENDPOINTS_FILE


def watched_by_judges(root: ConfigRoot, settings_file: Path | None, deployment: Deployment) -> list[Path]:
    """The files beside assay.yaml that an edit may change."""
    named = root.path / deployment.prices if deployment.prices is not None else settings_file
    return [endpoints_file(root), *([named] if named is not None else [])]


def described_names(root: ConfigRoot, deployment: Deployment) -> list[str]:
    """Names of the endpoints that the files describe. What is wrong with endpoints.yaml is told by its readers."""
    with suppress(ConfigurationError):
        return sorted({*deployment.endpoints, *_read_endpoints(endpoints_file(root))})
    return sorted(deployment.endpoints)


def check_still_there(before: JudgeFiles, after: JudgeFiles) -> None:
    """Refuse to go on without a file that said where the usual endpoint is: its text would go to the provider.

    Raises:
        ConfigurationError: the file is gone.
    """
    placed = before.endpoints.get(DEFAULT_ENDPOINT)
    if placed is not None and DEFAULT_ENDPOINT not in after.endpoints and not placed.path.exists():
        raise ConfigurationError(
            f"{placed.path}: is gone, and it says where the usual endpoint is; put it back, or start again without it"
        )


def _refuse_absent(path: Path) -> None:
    """Refuse a link that leads nowhere, and the file under a name that is not read.

    Without the file the usual endpoint is the provider's own, and texts and the key would go there.
    """
    if path.is_symlink():
        raise ConfigurationError(f"{path}: is a link to a file that is not there; put it back, or remove the link")
    for name in _OTHER_NAMES:
        other = path.with_name(name)
        if other.is_file() and ((path.parent / CONFIG_FILE).is_file() or _holds_endpoints(other)):
            raise ConfigurationError(f"{other}: is not read by this name; rename it {ENDPOINTS_FILE}")


def _holds_endpoints(path: Path) -> bool:
    """Whether a file is ours by what is in it. Beside no assay.yaml it may be another program's."""
    try:
        return bool(EndpointsFile.model_validate({"endpoints": read_document(path).value}).endpoints)
    except (FileProblem, ValidationError):
        return False


def _read_endpoints(path: Path) -> Endpoints:
    if not path.exists():
        _refuse_absent(path)
        return {}
    try:
        document = read_document(path)
    except FileProblem as exc:
        raise ConfigurationError(f"{path}: {exc}") from exc
    value = {"endpoints": document.value if document.value is not None else {}}
    try:
        return EndpointsFile.model_validate(value).endpoints
    except ValidationError as exc:
        (_, *place), remedy = problem_at(exc, value, EndpointsFile)
        named = named_place(tuple(place), document.value)
        where = place_words(named, document.line(place))
        raise ConfigurationError(f"{path}: {where}: {named_remedy(remedy, named)}") from exc
