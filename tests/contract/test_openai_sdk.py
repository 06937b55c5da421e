"""The servers that stand for OpenAI in these tests, held to OpenAI's own client: it must be able to read them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.models.base import ChatMessage
from assay.judges.models.chat_request import request_body
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import JsonForm, RequestForm
from tests.servers.batch_servers import BatchServer
from tests.servers.openai_server import OpenAIServer

MESSAGES = [ChatMessage(role="system", content="Judge."), ChatMessage(role="user", content="E1: a b\nR1: a b")]
ASKED = Asked(MESSAGES, REPLY_SCHEMA, None, 300)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="sk-test", max_retries=0, timeout=20)


@pytest.mark.parametrize("form", list(JsonForm))
def test_what_we_send_is_what_their_client_would_send(form: JsonForm) -> None:
    body = request_body(RequestForm(json_form=form), "m", ASKED)
    TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(body)
    assert body.keys() <= CompletionCreateParamsNonStreaming.__annotations__.keys()


def test_their_client_reads_a_verdict_and_its_usage(server: OpenAIServer) -> None:
    body = request_body(RequestForm(), "m", ASKED)
    with client(server.url) as sdk:
        completion = sdk.chat.completions.create(**body)
    content = completion.choices[0].message.content
    assert content is not None
    assert json.loads(content)["sentences"]
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0


def test_their_client_runs_a_batch_from_the_file_to_its_answers() -> None:
    line = {
        "custom_id": "first",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": request_body(RequestForm(), "m", ASKED),
    }
    with BatchServer() as server, client(server.openai) as sdk:
        file = sdk.files.create(file=("requests.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = sdk.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"tag": "t"}
        )
        server.end("completed")
        ended = sdk.batches.retrieve(batch.id)
        assert ended.status == "completed"
        assert ended.output_file_id is not None
        answer = json.loads(sdk.files.content(ended.output_file_id).text.splitlines()[0])
    assert answer["custom_id"] == "first"
    assert answer["response"]["status_code"] == 200
