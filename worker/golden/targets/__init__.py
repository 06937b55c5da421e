"""Where the answers of a golden run come from: recorded outputs, or the application asked."""

from worker.golden.targets.exchange import Exchange, ExchangeLog
from worker.golden.targets.http_target import HttpTarget
from worker.golden.targets.model_target import ModelTarget
from worker.golden.targets.opening import baseline_targets, target_for
from worker.golden.targets.port import GoldenTarget, TargetFailure, TargetResponse
from worker.golden.targets.python_target import PythonTarget
from worker.golden.targets.recorded import RecordedTarget

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
