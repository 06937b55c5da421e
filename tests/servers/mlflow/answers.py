"""How MLflow says no: a status, an error code and a sentence."""

from __future__ import annotations

import json


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({"error_code": code, "message": message}).encode()


def not_there(message: str) -> Refused:
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", message)


def wrong(message: str) -> Refused:
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def failed(message: str) -> Refused:
    return Refused(500, "INTERNAL_ERROR", message)


def already_there(trace_id: str) -> Refused:
    return failed(f"Failed to create assessment for trace '{trace_id}' due to a constraint violation.")


def kept_elsewhere() -> Refused:
    return failed("Trace data not stored in tracking store")
