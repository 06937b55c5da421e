# mypy: ignore-errors
"""DSPy: a RAG module with a retriever, one whose context is an input, and ReAct with one tool."""

from __future__ import annotations

import dspy
import recording
import shop
from openinference.instrumentation.dspy import DSPyInstrumentor

DSPyInstrumentor().instrument(tracer_provider=recording.provider())


class Passages(dspy.Retrieve):
    """A retriever over the three passages."""

    def forward(self, query, k=None, **kwargs):
        """Find passages."""
        return dspy.Prediction(passages=shop.search(query))


class Rag(dspy.Module):
    """Retrieve, then answer step by step."""

    def __init__(self):
        super().__init__()
        self.retrieve = Passages()
        self.respond = dspy.ChainOfThought("context, question -> answer")

    def forward(self, question):
        """Answer a question."""
        passages = self.retrieve(question).passages
        return self.respond(context=passages, question=question)


def rag():
    return Rag()(question=shop.QUESTION).answer, shop.search(shop.QUESTION)


def predict():
    """No retriever: the passages are an input of the program."""
    passages = shop.search(shop.QUESTION)
    return dspy.Predict("context, question -> answer")(context=passages, question=shop.QUESTION).answer, passages


dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", api_base=recording.BASE_URL, api_key="none", cache=False))
answer, evidence = {"rag": rag, "predict": predict}[recording.SCENARIO]()
packages = ("dspy", "openinference-instrumentation-dspy")
recording.write(question=shop.QUESTION, answer=answer, evidence=evidence, packages=packages)
