"""What a server says of itself never carries a secret of its endpoint into a verdict."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr

from assay.judges.models.base import ChatMessage, Reply
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, OpenAIServer, completion

KEY = "sk-KEYKEYKEYKEY"
TOKEN = "team-token-4711"
HELLO = [ChatMessage(role="user", content="hello")]


def ask(served: str, fingerprint: str | None) -> Reply:
    body = completion("ok", {"messages": [{"role": "user", "content": "x"}]})
    body |= {"model": served, "system_fingerprint": fingerprint}

    async def run(url: str) -> Reply:
        model = open_model(
            url, model="asked", key=KEY, headers={"X-Token": SecretStr(TOKEN), "X-Team": SecretStr("quality")}
        )
        try:
            return await model.complete(HELLO)
        finally:
            await model.close()

    with OpenAIServer(default=Answer(json.dumps(body).encode())) as server:
        return asyncio.run(run(server.url))


@pytest.mark.parametrize("echoed", [f"Bearer {KEY}", KEY, f"m-{KEY}-x", TOKEN])
def test_name_that_repeats_a_secret_is_not_taken_over(echoed: str) -> None:
    reply = ask(echoed, echoed)
    assert (reply.model_served, reply.system_fingerprint) == ("asked", None)
    assert KEY not in reply.model_dump_json()
    assert TOKEN not in reply.model_dump_json()


@pytest.mark.parametrize("served", ["gpt-4o-2024-10-21", "quality-model", "none", "sk-model"])
def test_other_names_stay_as_they_are(served: str) -> None:
    """Words of a header, as a team's name, are no secret: a model may bear them."""
    reply = ask(served, "fp_1")
    assert (reply.model_served, reply.system_fingerprint) == (served, "fp_1")


def test_fingerprint_goes_alone_where_the_name_is_clean() -> None:
    reply = ask("gpt-4o", KEY)
    assert (reply.model_served, reply.system_fingerprint) == ("gpt-4o", None)
