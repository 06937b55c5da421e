"""An incoming webhook of Slack: it refuses what Slack refuses, and keeps what it took."""

from __future__ import annotations

from typing import Any

from tests.servers.told_server import Reply, ToldServer

PATH = "/services/T000/B000/secret-of-the-webhook"


class SlackServer(ToldServer):
    """Attributes: `texts`: what a phone would show, in order."""

    def __init__(self) -> None:
        super().__init__(check_message)

    @property
    def hook(self) -> str:
        """The webhook's address, a secret."""
        return self.url + PATH

    @property
    def texts(self) -> list[str]:
        """What a phone would show, in order."""
        return [message["text"] for message in self.taken]


def check_message(path: str, message: Any) -> Reply:
    """What Slack would say to a message."""
    if path != PATH:
        return Reply(404)
    blocks = message.get("blocks", [])
    fits = isinstance(message.get("text"), str) and 0 < len(message["text"]) <= 40_000 and len(blocks) <= 50
    return Reply(200) if fits and all(map(_fits, blocks)) else Reply(400)


def _fits(block: Any) -> bool:
    kind = block["type"]
    if kind == "header":
        return bool(block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150)
    if kind == "section":
        fields = block.get("fields", [])
        texts = [*([block["text"]] if "text" in block else []), *fields]
        return (
            bool(texts)
            and len(fields) <= 10
            and all(0 < len(text["text"]) <= (2_000 if text in fields else 3_000) for text in texts)
        )
    if kind == "context":
        parts: list[Any] = block["elements"]
        return 0 < len(parts) <= 10 and all(0 < len(part["text"]) <= 3_000 for part in parts)
    return bool(kind == "divider")
