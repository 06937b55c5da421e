"""Langfuse as a deployment names it: its keys, its plans, what it can do. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import AliasChoices, ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.extras import needs_extra
from assay.worker.ports.capabilities import (
    WithExamination,
    WithRequestBudget,
    WithRootCounts,
    WithScoredTraces,
    WithSessionScores,
    WithTrafficHints,
    WithWholeMetadata,
)
from assay.worker.ports.datasets import WithDatasets
from assay.worker.ports.experiments import WithExperiments
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.store import Store, StoreContext, StoreFactory
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.stores.langfuse.quotas import PLANS, PlanName

CLOUD = "https://cloud.langfuse.com"


class LangfuseSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    plan: PlanName = Field(
        default="hobby", description="Which of Langfuse's request limits to stay under; the default fits every plan."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description="Another limit for reads and single writes than the plan's."
    )


class LangfuseVariables(Record):
    """Its environment variables, which are the SDK's."""

    model_config = ConfigDict(populate_by_name=True)

    langfuse_public_key: str | None = Field(
        None, validation_alias="LANGFUSE_PUBLIC_KEY", description="Public key of the project, from its settings."
    )
    langfuse_secret_key: SecretStr | None = Field(
        None, validation_alias="LANGFUSE_SECRET_KEY", description="Secret key of the project, from its settings."
    )
    langfuse_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("LANGFUSE_BASE_URL", "LANGFUSE_HOST"),
        description="Langfuse server; default: Langfuse Cloud in the EU. A login in it is dropped: the keys are sent.",
    )

    @field_validator("langfuse_base_url")
    @classmethod
    def _without_login(cls, url: str | None) -> str | None:
        """The keys go where a login would; and the address is shown in errors, logs and `assay settings`."""
        return url and re.sub(r"//.*@", "//", url)

    @property
    def missing_keys(self) -> list[str]:
        """The names of the keys that are not set."""
        keys = {"LANGFUSE_PUBLIC_KEY": self.langfuse_public_key, "LANGFUSE_SECRET_KEY": self.langfuse_secret_key}
        return [name for name, value in keys.items() if value is None]


class LangfuseFactory(StoreFactory[LangfuseSection, LangfuseVariables]):
    """One Langfuse project: the one that the keys belong to."""

    kind = "langfuse"
    title = "Langfuse"
    section = LangfuseSection
    variables = LangfuseVariables
    capabilities = (
        *(WithReviewQueues, WithDatasets, WithExperiments),
        *(WithRootCounts, WithTrafficHints, WithExamination, WithTraceLinks, WithRequestBudget),
        *(WithScoredTraces, WithSessionScores, WithWholeMetadata),
    )
    keys = ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")
    read_lag_s = 10.0
    evaluator_environments = ("langfuse-*", "llm-as-a-judge", "sdk-experiment")
    section_note = "the others are for Langfuse"

    def open(self, section: LangfuseSection, variables: LangfuseVariables, context: StoreContext) -> Store:
        """The project's store.

        Raises:
            ConfigurationError: a key is missing, or the extra `langfuse` is not installed; the message names it.
        """
        needs_extra("langfuse", what="assay.yaml: store.kind: langfuse")
        from assay.worker.stores.langfuse.client import LangfuseClient
        from assay.worker.stores.langfuse.store import LangfuseStore

        if variables.langfuse_public_key is None or variables.langfuse_secret_key is None:
            raise ConfigurationError(
                f"environment: {' and '.join(variables.missing_keys)}: not set, but assay.yaml says store.kind: "
                "langfuse; make an API key in the settings of your Langfuse project, or say "
                f"store: {{kind: {context.embedded_kind}}}"
            )
        plan, asked = PLANS[section.plan], section.requests_per_minute
        client = LangfuseClient(
            variables.langfuse_base_url or CLOUD,
            public_key=variables.langfuse_public_key,
            secret_key=variables.langfuse_secret_key,
            limits=context.limits,
            plan=plan if asked is None else plan.model_copy(update={"general": asked}),
        )
        return LangfuseStore(
            client,
            specs=context.specs,
            root_metadata=context.root_metadata,
            content_metadata=context.content_metadata,
            locks=context.locks,
        )

    def is_chosen(self, variables: LangfuseVariables) -> bool:
        """Whether its keys are set.

        Raises:
            ConfigurationError: one key of two.
        """
        missing = variables.missing_keys
        if len(missing) == 1:
            raise ConfigurationError(
                f"environment: {missing[0]}: not set, though the other key is; both are in the settings of your "
                "Langfuse project. Unset both for the embedded store"
            )
        return not missing

    def first_section(self, variables: LangfuseVariables) -> LangfuseSection:
        """The plan to begin with: the smallest in the cloud, since nobody can ask the server which it is."""
        host = urlsplit(variables.langfuse_base_url or CLOUD).hostname or ""
        is_cloud = host == "langfuse.com" or host.endswith(".langfuse.com")
        return LangfuseSection(plan="hobby" if is_cloud else "self-hosted")

    def first_lines(self, section: LangfuseSection, why_late: str) -> Sequence[str]:
        """Where the keys come from, the plan, and how late traces are shown."""
        why = why_late or "older SDKs' traces are shown"
        small_plan = "window_seconds: 900              # fewer, longer windows: 30 requests a minute are soon used up"
        return (
            "# Keys and server come from LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL.",
            "# plan: which request limits to stay under: hobby, core, pro, self-hosted.",
            f"store: {{kind: langfuse, plan: {section.plan}}}",
            *([small_plan] if section.plan == "hobby" else []),
            f"late_seconds: 1800               # {why} up to 20 minutes late",
        )


FACTORY = LangfuseFactory()
