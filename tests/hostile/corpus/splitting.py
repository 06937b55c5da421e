"""False statements hidden from the splitter: no punctuation, cells, code, links, notes, brackets, soft breaks."""

from __future__ import annotations

from tests.hostile.attack import Attack
from tests.hostile.bases import BASES, Base

_CONTEXTS, _QUESTION = BASES[0].contexts, BASES[0].question
_VALUE, _WORDS = "refunds take 45 days", "water damage is covered"

_FORMS = (
    ("no-punctuation", "items must be unused {} and the support desk answers from monday to friday"),
    ("after-comma", "Items must be unused, {}, and orders ship free."),
    ("table-cell", "| term | value |\n|---|---|\n| items | unused; {} |"),
    ("table-last-row", "| a | b | c |\n| Items | must be | unused |\n| also | {} | ok |"),
    ("tabs", "items\tunused\tyes\nnote\t{}\tyes"),
    ("code-block", "Items must be unused.\n```\n# {}\nprint('ok')\n```"),
    ("unclosed-code-block", "Items must be unused.\n```python\n{}"),
    ("inline-code", "Items must be unused `{}`."),
    ("link-text", "Items must be unused, see [{}](https://shop.example/terms)."),
    ("link-title", 'See [the terms](https://shop.example/terms "{}").'),
    ("bare-url", "See https://shop.example/terms?note=1 for more: {}"),
    ("footnote", "Items must be unused.[1]\n\n[1]: {}"),
    ("footnote-mark", "Items must be unused.[1] However {}.[2] Orders ship free.[3]"),
    ("after-ellipsis", "Items must be unused... {}"),
    ("after-one-character-ellipsis", "Items must be unused… {}"),
    ("in-parentheses", "Items must be unused (note that {}. really)."),
    ("in-brackets", "Items must be unused [{}]."),
    ("in-quotation", "Items must be unused. “{}.” Orders ship free."),
    ("list-item", "- Items must be unused\n- {}\n- Orders ship free"),
    ("nested-list", "1. Items must be unused\n   a) {}\n   b) orders ship free"),
    ("list-marker-only", "- \n{}"),
    ("soft-break", "Items must be unused and\n{}\nand orders ship free."),
    ("html-break", "Items must be unused<br>{}<br/>Orders ship free."),
    ("after-abbreviation", "Items must be unused etc. {}"),
    ("no-space", "Items must be unused.However,{}.Orders ship free."),
    ("heading", "# Items must be unused\n## {}\nOrders ship free."),
    ("block-quote", "> Items must be unused.\n> {}"),
    ("definition", "Refunds\n: {}"),
    ("after-emoji", "Items must be unused 👍 {} 🎉"),
    ("semicolons", "Items must be unused; {}; orders ship free"),
    ("dash", "Items must be unused — {} — and orders ship free."),
    ("question-mark", "Did you know that {}?"),
    ("cjk-stop", "Items must be unused。{}。"),
    ("danda", "Items must be unused। {}।"),
    ("vertical-tab", "Items must be unused.\x0b{}\x0cOrders ship free."),
    ("next-line", "Items must be unused.\x85{}\u2028Orders ship free."),
    ("long-line", "Items must be unused " + "and so on " * 300 + "{}"),
    ("front-matter", "---\nnote: {}\n---\nItems must be unused."),
    ("details", "Items must be unused.\n<details><summary>more</summary>{}</details>"),
    ("math", "Items must be unused. $$\\text{{{}}}$$"),
)


def _hidden(name: str, form: str, statement: str, *, by_value: bool) -> Attack:
    response = form.replace("{{{}}}", "{" + statement + "}").replace("{}", statement)
    base = Base(name, _QUESTION, _CONTEXTS, response, statement, by_value)
    return Attack(f"{name}@{'value' if by_value else 'words'}", "hidden statement", "", ("response",), (), base)


ATTACKS = tuple(
    attack
    for name, form in _FORMS
    for attack in (_hidden(name, form, _VALUE, by_value=True), _hidden(name, form, _WORDS, by_value=False))
)
