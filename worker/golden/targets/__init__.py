"""Where the answers of a golden run come from: recorded outputs, or the application asked."""

from assay.worker.golden.targets.exchange import Exchange, ExchangeLog
from assay.worker.golden.targets.http_target import HttpTarget
from assay.worker.golden.targets.model_target import ModelTarget
from assay.worker.golden.targets.opening import baseline_targets, target_for
from assay.worker.golden.targets.port import GoldenTarget, TargetFailure, TargetResponse
from assay.worker.golden.targets.python_target import PythonTarget
from assay.worker.golden.targets.recorded import RecordedTarget

__all__ = [
    "Exchange",
    "ExchangeLog",
    "GoldenTarget",
    "HttpTarget",
    "ModelTarget",
    "PythonTarget",
    "RecordedTarget",
    "TargetFailure",
    "TargetResponse",
    "baseline_targets",
    "target_for",
]
