"""The first manifest of a golden set: every key that matters, with the reason beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

TargetKind = Literal["recorded", "http", "openai", "python"]

FILL_IN = "<- fill in"
"""What marks a line that a person has to look at."""

PROMPT = """Answer the question by the passages alone. Say so where they do not answer it.

{contexts}

Question: {question}
"""
"""The prompt file of a model target, to be replaced by the application's own."""

_COLUMN = 36
"""Where comments begin."""


@dataclass(frozen=True)
class FirstManifest:
    """What a first manifest says.

    Attributes:
        name: of the set.
        target: where answers come from.
        baseline: the recorded release to compare with; None: `assay golden baseline` takes one from runs.
        by: who labelled; empty: to be filled in.
        licence: of the texts; empty: to be filled in.
        source: where the items come from.
    """

    name: str
    target: TargetKind
    baseline: str | None
    by: str
    licence: str
    source: str

    def text(self) -> str:
        """The file."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# yaml-language-server: $schema=../manifest.schema.json"
        yield "# A golden set: frozen questions, how their answers are judged, and when a release may not go out."
        yield f"# Look at the lines marked `{FILL_IN}`. After any change here: assay golden freeze {self.name}"
        yield f"name: {self.name}"
        yield _line("rubric: grounding", "the local judge: no key. grounding-llm has a model judge")
        yield from _target_lines(self.target)
        comment = "the release to compare with, until there is a reviewed baseline/"
        yield _line("# baseline: NAME" if self.baseline is None else f"baseline: {self.baseline}", comment)
        yield _line("pass_when:", "an answer passes when all of these hold")
        yield _line("  hallucination_risk: {at_most: 0.5}", "other scores of the rubric may stand beside it")
        yield "gate:"
        yield _line("  primary: pass_rate", "the one metric that decides")
        yield _line("  alpha: 0.05", "share of unchanged releases that are blocked, at most")
        yield _line("  cluster_by: source_id", "items with one source_id move together: the gate sums them first")
        yield _line("  must_pass: []", "ids of items that have to pass, whatever the statistics say")
        yield _line("  min_completed: 1.0", "share of the answers that must have come and been judged")
        yield _line("repeats: 1", "how often every item is asked; more tell chance from change")
        yield '# schedule: {weekly: "Mon 06:00", timezone: Europe/Berlin}   # the fleet runs the set by itself'
        yield _line("# not_in: [../../prompts/*.md]", "files in which no item may occur: few-shot prompts")
        yield "labels:"
        yield _line(f"  by: {_quoted(self.by or 'TODO')}", "" if self.by else f"{FILL_IN}: who says what is right")
        comment = "" if self.licence else f"{FILL_IN}: under which terms the texts may be used"
        yield _line(f"  licence: {_quoted(self.licence or 'TODO')}", comment)
        yield f"  source: {_quoted(self.source)}"


def _target_lines(kind: TargetKind) -> Iterator[str]:
    """The target, with an example of every key that it needs."""
    if kind == "recorded":
        yield _line("target:", "where a release's answers come from")
        yield _line("  kind: recorded", "releases/NAME.jsonl; assay gate SET --candidate NAME")
    elif kind == "http":
        yield _line("target:", "your application, asked over HTTP")
        yield "  kind: http"
        yield _line('  url: "${SUPPORT_BOT_URL}/chat"', f"{FILL_IN}; ${{NAME}} is a variable of the environment")
        yield _line('  request: {message: "{question}"}', f"{FILL_IN}: what is sent; {{history}} and {{id}} go, too")
        yield _line("  response: answer", f"{FILL_IN}: where the answer stands in the reply (JSONPath)")
        yield _line('  contexts: "sources[*].text"', f"{FILL_IN}: where the passages stand; out if there are none")
        yield '  # headers: {Authorization: {env: SUPPORT_BOT_TOKEN, prefix: "Bearer "}}'
    elif kind == "openai":
        yield _line("target:", "a model at OPENAI_BASE_URL, asked with OPENAI_API_KEY")
        yield "  kind: model"
        yield _line("  model: gpt-5.4-mini", FILL_IN)
        yield _line("  prompt: prompt.md", f"{FILL_IN}: the file beside this one, with {{contexts}} and {{question}}")
        yield "  temperature: 0"
    else:
        yield _line("target:", "a function of yours, called as answer(question, history)")
        yield "  kind: python"
        yield _line('  call: "support_bot:answer"', f"{FILL_IN}: module:function, found from the current directory")


def _line(text: str, comment: str) -> str:
    """A line with its comment beside it."""
    return f"{text:<{_COLUMN - 1}} # {comment}" if comment else text


def _quoted(text: str) -> str:
    """The text as YAML that means just that."""
    return json.dumps(text, ensure_ascii=False)
