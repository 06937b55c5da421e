"""An error that came as a 200: some gateways answer so whatever went wrong behind them."""

from __future__ import annotations

from assay.judges.schema import Usage


class AnswerError(Exception):
    """The body of a 200 answer is an error. Readers of answers raise it, and the exchange finds out what it means.

    Attributes:
        body: the error as decoded: an object, a list, or the text where it is no JSON. Never shown to anybody.
        usage: what the answer says was used. Zero calls: it says nothing.
    """

    def __init__(self, body: object, usage: Usage | None = None) -> None:
        super().__init__("an error inside a 200")
        self.body = body
        self.usage = usage or Usage()


def answered_error(data: object) -> object | None:
    """The error that a 200 answer is, as it stands in the body. None where the body says nothing of one."""
    if isinstance(data, str):
        return data or None
    if isinstance(data, list):
        return data if any(isinstance(item, dict) and item.get("error") for item in data[:1]) else None
    if not isinstance(data, dict):
        return None
    if data.get("error") or _is_refused_base(data.get("base_resp")):
        return {name: value for name, value in data.items() if name not in _ANSWER_FIELDS}
    if any(name in data for name in _ANSWER_FIELDS):
        return None
    return data if _says_error(data) else _wrapped_error(data)


_ANSWER_FIELDS = ("choices", "candidates", "content", "output", "usage", "usageMetadata")
"""Fields of an answer. An error is read without them: what a model wrote is no complaint."""

_ERROR_FIELDS = ("message", "detail", "errors", "error_msg", "error_code", "errorMessage", "msg", "error_message")


def _says_error(data: dict[str, object]) -> bool:
    """Whether a body without an answer has words of an error, as `{"code": "Arrearage", "message": "…"}`."""
    return any(data.get(name) for name in _ERROR_FIELDS)


def _wrapped_error(data: dict[str, object]) -> object | None:
    """The error in another API's shell, as Tencent's `{"Response": {"Error": {"Code": "…", "Message": "…"}}}`."""
    shells = (value for value in data.values() if isinstance(value, dict))
    errors = (value for shell in shells for name, value in shell.items() if str(name).lower() == "error")
    return next((value for value in errors if isinstance(value, dict) and value), None)


def _is_refused_base(base: object) -> bool:
    """Whether MiniMax's `base_resp` tells of a failure: its status code is 0 where all is well."""
    return isinstance(base, dict) and base.get("status_code") not in {0, None}
