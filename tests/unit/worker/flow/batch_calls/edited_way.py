"""The way of traces through a batch while somebody edits assay.yaml: the real judges, endpoints and policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.judges.models.batches.port import BatchApi
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.egress import may_see
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.redaction import redaction_of
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.records.traces import Trace
from assay.worker.wiring.batch_terms import ConfiguredTerms
from assay.worker.wiring.batches import BatchEndpoints
from assay.worker.wiring.judges import build_evaluator
from tests.servers.batch_servers import BatchServer
from tests.unit.worker.flow.batch_calls.way import MODEL, Way

LLM: dict[str, Any] = {"tiers": ["llm"], "llm": {"model": MODEL, "endpoint": "outside"}}
CASCADE: dict[str, Any] = {**LLM, "tiers": ["local", "llm"], "escalate_when": {"risk_between": [0.0, 1.0]}}
PANEL: dict[str, Any] = {
    "tiers": ["panel"],
    "panel": {"models": [{"model": MODEL, "endpoint": "outside"}, {"model": "other", "endpoint": "outside"}]},
}


def deployment_of(url: str, *cases: dict[str, Any]) -> Deployment:
    """One that judges outside."""
    return Deployment.model_validate({"endpoints": {"outside": {"url": url}}, "use_cases": list(cases)})


class EditedWay(Way):
    """A fleet of one process with use cases `bot` and `desk`. `edit` is what taking up an edit does."""

    def __init__(self, server: BatchServer, traces: Sequence[Trace], home: Path, judge: dict[str, Any] = LLM) -> None:
        self.root = ConfigRoot(path=home)
        self.rubric = Rubric.model_validate({"name": "grounding", "judge": judge})
        self.settings = Settings(data_dir=home)
        self.deployment = deployment_of(server.openai, {"name": "bot"}, {"name": "desk"})
        self._opened: list[BatchEndpoints] = []
        super().__init__(server, traces)

    def restart(self) -> None:
        """Another process."""
        files = read_judge_files(self.root, self.settings, self.deployment)
        self.endpoints = BatchEndpoints(files, self.settings, self.deployment)
        self._opened.append(self.endpoints)
        self.in_force = ConfiguredTerms(self.endpoints)
        super().restart()
        self.edit(self.deployment)

    def edit(self, deployment: Deployment) -> None:
        """From now on this is in force."""
        files = read_judge_files(self.root, self.settings, deployment)
        self.deployment = self.endpoints.deployment = deployment
        self.endpoints.files = files
        self.evaluator = build_evaluator(self.rubric, self.root, self.settings, files=files)

    def edit_cases(self, *cases: dict[str, Any]) -> None:
        """Use cases are edited, endpoints stay as they are."""
        self.edit(deployment_of(self.server.openai, *cases))

    def may_see(self, use_case: str, rubric: Rubric) -> bool | None:
        return may_see(self.deployment, use_case, rubric)

    def redaction(self, use_case: str) -> Redaction:
        return redaction_of(self.deployment, use_case)

    def open_api(self, endpoint: str, model: str) -> BatchApi:
        return self.endpoints.of(endpoint, model)

    async def close(self) -> None:
        for endpoints in self._opened:
            await endpoints.close()
        await super().close()
