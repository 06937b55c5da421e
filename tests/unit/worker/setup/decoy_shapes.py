"""Traces without evidence, question or answer, and with something that looks like it. Nothing may be proposed.

`LACKING` names the parts that no trace of a shape has.
"""

from __future__ import annotations

import json
from typing import Any

from tests.unit.worker.setup.foreign_shapes import INSTRUCTIONS, ROWS, Row, Shape, bare_prompt


def rewritten_question(row: Row, n: int) -> dict[str, Any]:
    rewritten = f"{row.question.rstrip('?')} im Shop, bitte genau"
    call = bare_prompt(row, input=[{"role": "user", "content": rewritten}])
    return {
        "input": row.question,
        "output": row.answer,
        "steps": [{"type": "span", "name": "step2", "output": rewritten}, call],
    }


def query_rewrite_for_search(row: Row, n: int) -> dict[str, Any]:
    keywords = " ".join(row.question.split()[:5])
    rewrite = {"type": "span", "name": "search_query_rewrite", "output": {"query": keywords}}
    search = {"type": "span", "name": "web_search", "input": {"query": keywords}, "output": [], "at": 1.4}
    return {"input": row.question, "output": row.answer, "steps": [rewrite, search, bare_prompt(row)]}


def formatted_answer(row: Row, n: int) -> dict[str, Any]:
    after = {
        "type": "span",
        "name": "lookup_signature",
        "output": {"text": row.answer, "html": f"<p>{row.answer}</p>"},
        "at": 3,
    }
    before = {
        "type": "span",
        "name": "context_builder",
        "output": {"documents": [row.answer, row.answer + " Danke!"]},
        "at": 1,
    }
    return {"input": row.question, "output": row.answer, "steps": [before, bare_prompt(row), after]}


def draft_and_refine(row: Row, n: int) -> dict[str, Any]:
    draft = {
        "type": "generation",
        "name": "draft",
        "input": [{"role": "user", "content": row.question}],
        "output": row.answer + " So ist es.",
    }
    note = {"type": "span", "name": "step_b", "output": row.answer + " So ist es.", "at": 1.5}
    refine = bare_prompt(row, input=[{"role": "user", "content": f"Improve: {row.answer} So ist es."}])
    return {"input": row.question, "output": row.answer, "steps": [draft, note, refine]}


def instructions_in_metadata(row: Row, n: int) -> dict[str, Any]:
    metadata = {"prompt_parts": [INSTRUCTIONS, "Be kind to every single customer you meet."], "host": f"n{n}"}
    call = bare_prompt(row)
    call["input"][0]["content"] = " ".join(metadata["prompt_parts"])
    return {"input": row.question, "output": row.answer, "metadata": metadata, "steps": [call]}


def instructions_that_vary(row: Row, n: int) -> dict[str, Any]:
    told = f"{INSTRUCTIONS} The time is {n + 1} o'clock on this fine day."
    call = bare_prompt(row, input=[{"role": "system", "content": told}, {"role": "user", "content": row.question}])
    return {"input": row.question, "output": row.answer, "metadata": {"context": told}, "steps": [call]}


def whole_prompt_in_a_step(row: Row, n: int) -> dict[str, Any]:
    built = f"{INSTRUCTIONS}\nQ. {row.question}"
    step = {"type": "span", "name": "context_assembly", "output": built}
    return {"input": row.question, "output": row.answer, "steps": [step, bare_prompt(row, input=built)]}


def history_in_metadata(row: Row, n: int) -> dict[str, Any]:
    turns = [
        {"role": "user", "content": f"Hello there, this is message number {n}."},
        {"role": "assistant", "content": "How can I help you on this day?"},
    ]
    call = bare_prompt(row, input=[*turns, {"role": "user", "content": row.question}])
    return {
        "input": row.question,
        "output": row.answer,
        "metadata": {"verlauf": [t["content"] for t in turns], "turns": turns},
        "steps": [call],
    }


def ids_only(row: Row, n: int) -> dict[str, Any]:
    steps = [
        {
            "type": "span",
            "name": "kb_lookup",
            "output": {"documents": [f"doc-{n}-17", f"doc-{n}-18"], "urls": ["https://example.org/a b"]},
        }
    ]
    return {"input": row.question, "output": row.answer, "steps": [*steps, bare_prompt(row)]}


def failed_search(row: Row, n: int) -> dict[str, Any]:
    steps = [
        {
            "type": "span",
            "name": "kb_search",
            "output": {"error": "TimeoutError: the search took too long for this question"},
        }
    ]
    return {"input": row.question, "output": row.answer, "steps": [*steps, bare_prompt(row)]}


def suggestions(row: Row, n: int) -> dict[str, Any]:
    output = {
        "answer": row.answer,
        "related_questions": [f"And what about topic number {n} then?", "Do you have more details on it?"],
    }
    output |= {"follow_ups": ["Tell me more about the shop please", "Show me the way to the station"]}
    return {"input": row.question, "output": output, "steps": [bare_prompt(row)]}


def thoughts(row: Row, n: int) -> dict[str, Any]:
    thought = f"The user asks about this: {row.question} I should say {row.answer}"
    steps = [
        {
            "type": "span",
            "name": "agent_scratchpad",
            "output": {"gedanken": [thought, f"Then I answer it in step {n} politely."]},
        }
    ]
    return {
        "input": row.question,
        "output": row.answer,
        "metadata": {"reasoning": thought},
        "steps": [*steps, bare_prompt(row)],
    }


def plan_of_an_agent(row: Row, n: int) -> dict[str, Any]:
    plan = [f"First find out what the customer {n} needs.", "Then look into the shop system for it."]
    steps = [{"type": "span", "name": "planner", "output": {"steps": plan}}]
    return {
        "input": row.question,
        "output": row.answer,
        "steps": [*steps, bare_prompt(row, input=row.question + " ".join(plan))],
    }


def evaluator_with_text(row: Row, n: int) -> dict[str, Any]:
    steps = [
        {
            "type": "evaluator",
            "name": "context_judge",
            "output": {"contexts": [f"The answer number {n} is well grounded in the facts."]},
            "at": 3,
        }
    ]
    return {"input": row.question, "output": row.answer, "steps": [bare_prompt(row), *steps]}


def logs(row: Row, n: int) -> dict[str, Any]:
    lines = [f"INFO request {n} was received by the front end", f"INFO cache miss for the key {n} in region two"]
    return {
        "input": row.question,
        "output": row.answer,
        "metadata": {"log": lines, "trace_lines": lines},
        "steps": [bare_prompt(row)],
    }


def profile_in_prompt(row: Row, n: int) -> dict[str, Any]:
    profile = f"Customer {n} since the year 2019 with a premium plan."
    call = bare_prompt(row, input=[{"role": "system", "content": profile}, {"role": "user", "content": row.question}])
    return {"input": {"question": row.question, "profil": profile}, "output": row.answer, "steps": [call]}


def documents_after_the_answer(row: Row, n: int) -> dict[str, Any]:
    late = {"type": "span", "name": "search_similar", "output": {"documents": list(row.passages)}, "at": 3}
    return {"input": row.question, "output": row.answer, "steps": [bare_prompt(row), late]}


def embeddings(row: Row, n: int) -> dict[str, Any]:
    steps = [{"type": "embedding", "name": "embed_query", "input": row.question, "output": [0.1 * n] * 20}]
    return {"input": row.question, "output": row.answer, "steps": [*steps, bare_prompt(row)]}


def expected_answer(row: Row, n: int) -> dict[str, Any]:
    metadata = {
        "expected": " ".join(row.passages),
        "reference_answer": row.passages[0],
        "ground_truth": list(row.passages),
    }
    return {"input": row.question, "output": row.answer, "metadata": metadata, "steps": [bare_prompt(row)]}


def translated_question(row: Row, n: int) -> dict[str, Any]:
    translated = f"Please tell me about the thing with the number {n}"
    steps = [{"type": "span", "name": "schritt_eins", "output": translated}]
    return {
        "input": row.question,
        "output": row.answer,
        "steps": [*steps, bare_prompt(row, input=[{"role": "user", "content": translated}])],
    }


def hypothetical_document(row: Row, n: int) -> dict[str, Any]:
    made_up = f"A made up passage about the matter {n}: one may do as one likes for seven days."
    steps = [{"type": "span", "name": "hyde_retriever_query", "output": made_up}]
    return {"input": row.question, "output": row.answer, "steps": [*steps, bare_prompt(row)]}


def retrieved_examples(row: Row, n: int) -> dict[str, Any]:
    shown = [f"Someone asked once about the thing {n}.", "We told them to call the office on Monday."]
    steps = [{"type": "span", "name": "retrieve_few_shot_examples", "output": shown}]
    call = bare_prompt(row, input=[{"role": "user", "content": "\n".join([*shown, row.question])}])
    return {"input": row.question, "output": row.answer, "steps": [*steps, call]}


def call_beside_an_answer(row: Row, n: int) -> dict[str, Any]:
    """What a framework records around a tool's call, beside an answer that the tool did not give."""
    around = {"tags": ["seq:step:1", "order status"], "color": "green", "name": f"status of order {n}"}
    tool = {"type": "tool", "name": "order_status", "output": {"kwargs": around}, "level": "DEFAULT"}
    call = bare_prompt(row, input=[{"role": "user", "content": json.dumps(around)}])
    return {"input": row.question, "output": row.answer, "steps": [tool, call]}


def answer_beside_titles(row: Row, n: int) -> dict[str, Any]:
    titles = [f"Returns and refunds of the year {n}", "Shipping and all its costs"]
    step = {"type": "span", "name": "rag", "output": {"reply": row.answer[:20], "doc_titles": titles}}
    return {"input": row.question, "output": row.answer[:20], "steps": [step]}


def search_terms_for_a_question(row: Row, n: int) -> dict[str, Any]:
    terms = " ".join(row.question.split()[2:])
    search = {"type": "tool", "name": "search_knowledge_base", "input": {"query": terms}, "output": list(row.passages)}
    return {"input": None, "output": row.answer, "steps": [search]}


def ids_for_a_question(row: Row, n: int) -> dict[str, Any]:
    return {
        "input": {"query_id": f"q-{n}-8f3a", "request": f"req_{n:032x}", "lang": "de"},
        "output": row.answer,
        "steps": [],
    }


def settings_for_a_question(row: Row, n: int) -> dict[str, Any]:
    settings = {
        "mode": ("deep research", "quick answer")[n % 2],
        "prompt": INSTRUCTIONS,
        "query": "default search profile",
    }
    return {"input": settings, "output": row.answer, "steps": []}


def two_texts_for_a_question(row: Row, n: int) -> dict[str, Any]:
    other = ROWS[(n + 3) % len(ROWS)].question
    call = bare_prompt(row, input={"a": row.question, "b": other})
    return {"input": {"eins": row.question, "zwei": other}, "output": row.answer, "steps": [call]}


def failed_run(row: Row, n: int) -> dict[str, Any]:
    draft = {"type": "span", "name": "entwurf", "output": {"antwort": row.answer}}
    return {"input": row.question, "output": None, "root": {"level": "ERROR"}, "steps": [draft]}


def failed_last_step(row: Row, n: int) -> dict[str, Any]:
    draft = {"type": "span", "name": "erster_versuch", "output": {"antwort": row.answer}}
    sent = {
        "type": "span",
        "name": "senden",
        "level": "ERROR",
        "output": {"answer": "ConnectionError: gone away"},
        "at": 3,
    }
    return {"input": row.question, "output": None, "steps": [draft, sent]}


def labels_for_an_answer(row: Row, n: int) -> dict[str, Any]:
    output = {
        "label": ("refund request", "shipping issue")[n % 2],
        "grund": f"The customer writes about thing {n} here.",
        "score": 0.9,
    }
    return {"input": row.question, "output": json.loads(json.dumps(output)), "steps": []}


def poisoned_evidence_key(row: Row, n: int) -> dict[str, Any]:
    """The key says evidence, the text is the user's own."""
    return {
        "input": {"question": row.question, "context": row.question},
        "output": row.answer,
        "steps": [bare_prompt(row)],
    }


def right_shape_with_a_failing_tool(row: Row, n: int) -> dict[str, Any]:
    failed = {"type": "span", "name": "retrieve", "level": "ERROR", "output": list(row.passages)}
    return {"input": row.question, "output": row.answer, "steps": [failed, bare_prompt(row)]}


LACKING: dict[Shape, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *(rewritten_question, query_rewrite_for_search, formatted_answer, draft_and_refine),
            *(instructions_in_metadata, instructions_that_vary, whole_prompt_in_a_step, history_in_metadata, ids_only),
            *(failed_search, suggestions, thoughts, plan_of_an_agent, evaluator_with_text, logs, profile_in_prompt),
            *(
                documents_after_the_answer,
                embeddings,
                expected_answer,
                translated_question,
                hypothetical_document,
                retrieved_examples,
                call_beside_an_answer,
                answer_beside_titles,
            ),
            *(poisoned_evidence_key, right_shape_with_a_failing_tool),
        ),
        ("contexts",),
    ),
    search_terms_for_a_question: ("question",),
    ids_for_a_question: ("question", "contexts"),
    settings_for_a_question: ("question", "contexts"),
    two_texts_for_a_question: ("question", "contexts"),
    failed_run: ("response", "contexts"),
    failed_last_step: ("response", "contexts"),
    labels_for_an_answer: ("response", "contexts"),
}
