"""MLflow as a deployment names it: its keys, what it can do. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.store import Store, StoreContext, StoreFactory, as_yaml
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.store_clients.addresses import without_secrets

FIRST_EXPERIMENT = "0"
"""The id of the experiment that MLflow itself makes: applications that name none write there."""

_HOST = re.compile(r"[\w-]+(\.[\w-]+)*(:\d{1,5})?")
"""A host without a scheme: `mlflow.internal:5000`."""
_NO_HOSTS = {"databricks", "databricks-uc"}
"""Words that mean another kind of server, which this store does not know."""


class MlflowSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    experiment: str | None = Field(
        default=None,
        min_length=1,
        description="Name or id of the MLflow experiment; default: MLFLOW_EXPERIMENT_NAME, else MLFLOW_EXPERIMENT_ID, "
        "else the one that MLflow begins with.",
    )
    requests_per_minute: int = Field(
        default=1200, ge=2, description="Requests to MLflow that all workers together may send in a minute."
    )

    @field_validator("experiment", mode="before")
    @classmethod
    def _id_as_text(cls, experiment: object) -> object:
        """YAML reads `experiment: 3` as a number."""
        return str(experiment) if isinstance(experiment, int) and not isinstance(experiment, bool) else experiment


class MlflowVariables(Record):
    """Its environment variables, which are MLflow's own."""

    model_config = ConfigDict(populate_by_name=True)

    mlflow_tracking_uri: str | None = Field(
        None,
        validation_alias="MLFLOW_TRACKING_URI",
        description="MLflow tracking server, http or https. A login in it is dropped.",
    )
    mlflow_tracking_token: SecretStr | None = Field(
        None, validation_alias="MLFLOW_TRACKING_TOKEN", description="Token for MLflow, sent as a bearer token."
    )
    mlflow_tracking_username: str | None = Field(
        None, validation_alias="MLFLOW_TRACKING_USERNAME", description="Name for MLflow's basic authentication."
    )
    mlflow_tracking_password: SecretStr | None = Field(
        None, validation_alias="MLFLOW_TRACKING_PASSWORD", description="Password for MLflow's basic authentication."
    )
    mlflow_experiment_name: str | None = Field(
        None,
        validation_alias="MLFLOW_EXPERIMENT_NAME",
        description="Name of the MLflow experiment, where assay.yaml names none.",
    )
    mlflow_experiment_id: str | None = Field(
        None,
        validation_alias="MLFLOW_EXPERIMENT_ID",
        description="Id of the MLflow experiment, where nothing else names one.",
    )

    @field_validator("mlflow_tracking_uri")
    @classmethod
    def _without_login(cls, uri: str | None) -> str | None:
        """The login has variables of its own; and the address is shown in errors, logs and `assay settings`."""
        return uri and without_secrets(re.sub(r"//.*@", "//", uri))

    @property
    def address(self) -> str | None:
        """The server's address; None where the variable names none. MLflow's clients also take files and databases."""
        uri = self.mlflow_tracking_uri or ""
        if _HOST.fullmatch(uri) and uri not in _NO_HOSTS:
            return f"http://{uri}"
        parts = urlsplit(uri)
        return uri if parts.scheme in {"http", "https"} and parts.hostname else None


class MlflowFactory(StoreFactory[MlflowSection, MlflowVariables]):
    """One experiment of an MLflow tracking server."""

    kind = "mlflow"
    title = "MLflow"
    section = MlflowSection
    variables = MlflowVariables
    capabilities = (WithScoredTraces, WithTraceLinks, WithExamination, WithRequestBudget)
    keys = ("MLFLOW_TRACKING_URI",)
    section_note = "`experiment` (mlflow) is a name or an id"

    def open(self, section: MlflowSection, variables: MlflowVariables, context: StoreContext) -> Store:
        """The experiment's store.

        Raises:
            ConfigurationError: the server's address is missing, or is none.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.mlflow.client import Login, MlflowClient
        from assay.worker.stores.mlflow.store import MlflowStore
        from assay.worker.stores.mlflow.transport import Quota

        address = variables.address
        if address is None:
            what = "no http or https address" if variables.mlflow_tracking_uri else "not set"
            raise ConfigurationError(
                f"environment: MLFLOW_TRACKING_URI: {what}, but assay.yaml says store.kind: mlflow; set it to where "
                f"`mlflow server` runs, e.g. http://127.0.0.1:5000, or say store: {{kind: {context.embedded_kind}}}"
            )
        token = variables.mlflow_tracking_token or None  # an empty variable is none
        login = Login(
            token=token and usable_key("MLFLOW_TRACKING_TOKEN", token),
            username=variables.mlflow_tracking_username,
            password=variables.mlflow_tracking_password,
        )
        quota = Quota(server=urlsplit(address).netloc, per_minute=section.requests_per_minute)
        named = section.experiment or variables.mlflow_experiment_name or variables.mlflow_experiment_id
        client = MlflowClient(address, login=login, limits=context.limits, quota=quota)
        return MlflowStore(client, experiment=named or FIRST_EXPERIMENT)

    def is_chosen(self, variables: MlflowVariables) -> bool:
        """Whether the address of a server is set. One of a file or a database belongs to somebody's training runs."""
        return (variables.mlflow_tracking_uri or "").startswith("http") and variables.address is not None

    def first_lines(self, section: MlflowSection, why_late: str) -> Sequence[str]:
        """Where address and login come from, and which experiment."""
        named = f", experiment: {as_yaml(section.experiment)}" if section.experiment else ""
        return (
            "# Server and login come from MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN (or _USERNAME and _PASSWORD).",
            "# experiment: its name or id; default: MLFLOW_EXPERIMENT_NAME, MLFLOW_EXPERIMENT_ID, else the first one.",
            f"store: {{kind: mlflow{named}}}",
        )


FACTORY = MlflowFactory()
