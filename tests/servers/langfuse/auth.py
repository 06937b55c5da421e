"""Who may call what."""

from __future__ import annotations

import base64
import binascii

from tests.servers.langfuse.issues import Refused, Reply
from tests.servers.langfuse.settings import LangfuseSettings

WRONG_HOST = "Confirm that you've configured the correct host."


def authorise(header: str | None, settings: LangfuseSettings, *, public_key_enough: bool, named: bool) -> None:
    """Let the request in.

    `named`: whether the route's 401 carries the error's name, as only /ingestion does.

    Raises:
        Refused: 401 without a good key, 403 where the public key alone does not do.
    """
    refusal = _refusal(header, settings)
    if refusal is not None:
        body = {"error": "UnauthorizedError", "message": refusal} if named else {"message": refusal}
        raise Refused(Reply(401, body))
    if header is not None and header.startswith("Bearer ") and not public_key_enough:
        raise Refused(Reply(403, {"message": "Access denied - insufficient permissions for this endpoint"}))


def _refusal(header: str | None, settings: LangfuseSettings) -> str | None:
    if not header:
        return "No authorization header"
    scheme, _, value = header.partition(" ")
    if scheme == "Bearer":
        return None if value == settings.public_key else f"Invalid public key. {WRONG_HOST}"
    if scheme != "Basic":
        return f"Invalid authorization header. {WRONG_HOST}"
    try:
        pair = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return f"Invalid character. {WRONG_HOST}"
    good = pair == f"{settings.public_key}:{settings.secret_key}"
    return None if good else f"Invalid credentials. {WRONG_HOST}"
