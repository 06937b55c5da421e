"""Chat models at a test's own server, with the settings a test names."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from assay.judges.models.admission import Admission
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel


def open_model(
    url: str | None = None,
    *,
    model: str = "m",
    key: str | None = None,
    admission: Admission | None = None,
    hedge: float = 0.0,
    **settings: Any,
) -> HttpChatModel:
    """The model at `url`. Further keywords are fields of `EndpointSettings`."""
    secret = None if key is None else SecretStr(key)
    return HttpChatModel(model, EndpointSettings(url=url, key=secret, **settings), admission=admission, hedge=hedge)
