# mypy: ignore-errors
"""Langfuse's `@observe()` on functions as people write them."""

from __future__ import annotations

import langfuse_parts
import openai
import recording
import shop
from langfuse import observe

CLIENT = langfuse_parts.client()


def complete(messages):
    """A call of the model that nobody records."""
    completion = openai.OpenAI().chat.completions.create(model="gpt-4o-mini", messages=messages)
    return completion.choices[0].message.content


@observe(as_type="generation")
def generate(messages):
    return complete(messages)


@observe()
def retrieve(question):
    return shop.search(question)


@observe(as_type="retriever")
def search_kb(query, top_k=2):
    return [{"text": text, "score": 0.9 - at / 10} for at, text in enumerate(shop.search(query, top_k))]


@observe(as_type="tool")
def order_status(order_id):
    return shop.order_status(order_id)


@observe(as_type="tool", name="order_status")
def broken_order_status(order_id):
    return shop.broken_order_status(order_id)


@observe()
def answer(question):
    """Nothing inside is recorded."""
    return complete([{"role": "user", "content": shop.prompt(question, shop.search(question))}])


@observe(name="answer")
def answer_with_prompt(question):
    return generate([{"role": "user", "content": shop.prompt(question, shop.search(question))}])


@observe(name="answer")
def answer_unmarked(question):
    passages = shop.context(shop.search(question))
    return generate([{"role": "user", "content": f"You work for Halden.\n\n{passages}\n\n{question}"}])


@observe(name="answer")
def answer_retrieved(question, *, user_id):
    return complete([{"role": "user", "content": shop.prompt(question, retrieve(question))}])


@observe(name="answer")
def answer_searched(question):
    passages = [hit["text"] for hit in search_kb(question)]
    return complete([{"role": "user", "content": shop.prompt(question, passages)}])


@observe(name="answer")
def answer_streamed(question):
    passages = shop.context(retrieve(question))
    stream = openai.OpenAI().chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": f"{passages}\n\n{question}"}], stream=True
    )
    for chunk in stream:
        yield chunk.choices[0].delta.content or ""


@observe(name="answer")
def answer_order(message, *, broken=False):
    try:
        status = (broken_order_status if broken else order_status)("A-1042")
    except ConnectionError as error:
        status = f"no status: {error}"
    return complete([{"role": "user", "content": message}, {"role": "tool", "content": status}])


class App:
    """An application whose entry is a method."""

    @observe()
    def ask(self, question, history=None):
        """Answer a question."""
        context = f"<context>\n{shop.context(shop.search(question))}\n</context>"
        system = {"role": "system", "content": f"Answer from the context only.\n{context}"}
        return self.call_model([system, *(history or []), {"role": "user", "content": question}])

    @observe(as_type="generation")
    def call_model(self, messages, temperature=0.2):
        """Ask the model."""
        return complete(messages)


@observe(name="answer")
def answer_message(message, history, session):
    """A conversation, and an object of the application's own as an argument."""
    return complete([*history, {"role": "user", "content": shop.prompt(message, retrieve(message))}])


@observe(name="answer")
def answer_guarded(question):
    answered = generate([{"role": "user", "content": shop.prompt(question, shop.search(question))}])
    generate([{"role": "system", "content": shop.GUARD}, {"role": "user", "content": answered}])
    return {"answer": answered, "is_safe": True}


PASSAGES = shop.search(shop.QUESTION)
BLOCK = [shop.context(PASSAGES)]
SCENARIOS = {
    "plain": (shop.QUESTION, lambda: answer(shop.QUESTION), PASSAGES),
    "prompt": (shop.QUESTION, lambda: answer_with_prompt(shop.QUESTION), BLOCK),
    "unmarked": (shop.QUESTION, lambda: answer_unmarked(shop.QUESTION), PASSAGES),
    "method": (shop.QUESTION, lambda: App().ask(shop.QUESTION), BLOCK),
    "untyped-retrieve": (shop.QUESTION, lambda: answer_retrieved(question=shop.QUESTION, user_id="u-17"), PASSAGES),
    "typed-retriever": (shop.QUESTION, lambda: answer_searched(shop.QUESTION), PASSAGES),
    "stream": (shop.QUESTION, lambda: "".join(answer_streamed(shop.QUESTION)), PASSAGES),
    "history": (shop.QUESTION, lambda: answer_message(shop.QUESTION, list(shop.HISTORY), session=App()), PASSAGES),
    "guarded": (shop.QUESTION, lambda: answer_guarded(shop.QUESTION)["answer"], BLOCK),
    "tool": (shop.ORDER_QUESTION, lambda: answer_order(shop.ORDER_QUESTION), [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, lambda: answer_order(shop.ORDER_QUESTION, broken=True), []),
}
question, run, evidence = SCENARIOS[recording.SCENARIO.removeprefix("observe-")]
given = run()
CLIENT.flush()
recording.write(
    question=question, answer=given, evidence=evidence, packages=("langfuse", "opentelemetry-sdk"), history=shop.TURNS
)
