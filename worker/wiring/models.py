"""Chat models at their endpoints, opened for one tier of a rubric."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.judges.models.base import ChatModel
from assay.judges.models.endpoint_settings import DECISION_PROTOCOLS, EndpointSettings
from assay.judges.rubric import JudgeName, ModelAt, Rubric
from assay.judges.team_files.near_names import nearest
from assay.worker.config.asked_ways import check_asked_way
from assay.worker.config.endpoint_addresses import endpoint_variable
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.endpoints import ENDPOINTS_FILE
from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.settings import Settings

if TYPE_CHECKING:
    from assay.judges.models.request_form import FormMemory
    from assay.worker.limits.admissions import Admissions


class ModelOpener:
    """Opens the models that one tier of a rubric names."""

    def __init__(
        self,
        rubric: Rubric,
        tier: JudgeName,
        files: JudgeFiles,
        settings: Settings,
        admissions: Admissions | None = None,
        forms: FormMemory | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            rubric: what is judged.
            tier: whose models they are.
            files: what the config root says of endpoints.
            settings: the environment.
            admissions: lets calls go. None: as many at once as the settings allow each model.
            forms: what the fleet knows of how endpoints are asked. None: found out in this process.
        """
        self._asker = f"rubric {rubric.name}: judge.{tier}"
        self._tier = tier
        self._options = rubric.judge.llm if tier == "llm" else None
        self._files = files
        self._settings = settings
        self._admissions = admissions
        self._forms = forms

    def open(self, named: ModelAt) -> ChatModel:
        """The model at its endpoint. Nothing is sent yet.

        Raises:
            ConfigurationError: nothing says where the endpoint is, or what is said cannot work.
        """
        # What speaks HTTP takes long to import. Fleets with the local judge never need it.
        from assay.judges.models.batches.deferred_model import DeferredModel
        from assay.judges.models.http_chat_model import HttpChatModel

        place = self._place(named)
        admission = self._admissions.of(named.endpoint, named.model) if self._admissions else None
        live = HttpChatModel(named.model, place, admission=admission, hedge=self._settings.judge_hedge)
        return DeferredModel(live, place)

    def window_of(self, named: ModelAt) -> int | None:
        """Tokens of prompt and completion that the endpoint's settings name; None: they name none."""
        return self._place(named).context_window

    def _place(self, named: ModelAt) -> EndpointSettings:
        place = endpoint_in_force(named.endpoint, self._files, self._settings)
        if place is None:
            remedy = remedy_for(named.endpoint, self._settings, self._files.endpoints)
            raise ConfigurationError(f"{self._asker}: no endpoint for {named.model}; {remedy}")
        is_decision = place.protocol in DECISION_PROTOCOLS
        if is_decision != (self._tier == "decision"):
            wanted = "systemone or decisions" if self._tier == "decision" else "openai, anthropic or gemini"
            raise ConfigurationError(
                f"{self._asker}: endpoint {place.name} speaks {place.protocol}; set its protocol to {wanted}, or name "
                "another endpoint"
            )
        if self._options is not None:
            check_asked_way(place, self._options)
        return place


def check_usable(name: str, files: JudgeFiles, settings: Settings) -> EndpointSettings | None:
    """The settings of an endpoint, after all that can be checked of them without a request. None: there is none.

    Raises:
        ConfigurationError: address, key, headers, proxy or certificates cannot be used.
    """
    place = endpoint_in_force(name, files, settings)
    if place is not None:
        from assay.judges.models.endpoint import endpoint_of
        from assay.judges.models.http_client import HttpClient
        from assay.judges.models.protocols import protocol_of

        HttpClient(endpoint_of(place, protocol_of(place.protocol), settings.judge_model))
    return place


def remedy_for(endpoint: str | None, settings: Settings, described: Iterable[str] = ()) -> str:
    """What to set where nothing says where an endpoint is.

    Args:
        endpoint: as rubrics have it. None: the usual one.
        settings: the environment.
        described: names of endpoints that the files describe.
    """
    if endpoint:
        meant = nearest(endpoint, described)
        hint = f"did you mean {meant!r}, which is described? else " if meant is not None else ""
        return f"{hint}set {endpoint_variable(endpoint)}_URL, or describe {endpoint} in {ENDPOINTS_FILE}"
    if settings.azure_openai_endpoint is not None or settings.azure_openai_api_key is not None:
        return (
            "AZURE_OPENAI_* alone do not name a deployment: write `default: {azure_deployment: NAME, api_version: …}` "
            f"into {ENDPOINTS_FILE}, or set OPENAI_BASE_URL=https://NAME.openai.azure.com/openai/v1 and OPENAI_API_KEY"
        )
    return "set OPENAI_API_KEY, or OPENAI_BASE_URL for a local server"
