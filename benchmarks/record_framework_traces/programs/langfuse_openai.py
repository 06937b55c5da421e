# mypy: ignore-errors
"""Langfuse's wrapper of OpenAI's SDK, alone and inside an observed function."""

from __future__ import annotations

import json

import langfuse_parts
import recording
import shop
from langfuse import observe
from langfuse.openai import openai

CLIENT = langfuse_parts.client()
MODEL = "gpt-4o-mini"
TOOL = {
    "type": "function",
    "function": {
        "name": "order_status",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    },
}


def messages():
    system = {"role": "system", "content": "You are the support assistant of Halden."}
    return [system, {"role": "user", "content": shop.prompt(shop.QUESTION, shop.search(shop.QUESTION))}]


def rag():
    return openai.OpenAI().chat.completions.create(model=MODEL, messages=messages()).choices[0].message.content


def stream():
    parts = openai.OpenAI().chat.completions.create(model=MODEL, messages=messages(), stream=True)
    return "".join(part.choices[0].delta.content or "" for part in parts if part.choices)


def responses():
    prompt = shop.prompt(shop.QUESTION, shop.search(shop.QUESTION))
    return openai.OpenAI().responses.create(model=MODEL, instructions="You work for Halden.", input=prompt).output_text


@observe()
def tool(question, *, broken=False):
    sent = [{"role": "user", "content": question}]
    client = openai.OpenAI()
    asked = client.chat.completions.create(model=MODEL, messages=sent, tools=[TOOL]).choices[0].message
    call = asked.tool_calls[0]
    try:
        given = (shop.broken_order_status if broken else shop.order_status)(**json.loads(call.function.arguments))
    except ConnectionError as error:
        given = f"Error: {error!r}"
    sent += [asked.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": given}]
    return client.chat.completions.create(model=MODEL, messages=sent, tools=[TOOL]).choices[0].message.content


BLOCK = [shop.context(shop.search(shop.QUESTION))]
question, run, evidence = {
    "rag": (shop.QUESTION, rag, BLOCK),
    "stream": (shop.QUESTION, stream, BLOCK),
    "responses": (shop.QUESTION, responses, BLOCK),
    "tool": (shop.ORDER_QUESTION, lambda: tool(shop.ORDER_QUESTION), [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, lambda: tool(shop.ORDER_QUESTION, broken=True), []),
}[recording.SCENARIO.removeprefix("openai-")]
answer = run()
CLIENT.flush()
recording.write(question=question, answer=answer, evidence=evidence, packages=("langfuse", "openai"))
