"""Whether an endpoint reads all of a long prompt: the same lines are sent twice, once few of them and once many."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.judges.errors import EvaluationError, UnjudgeableSample
from assay.judges.models.admission import Admission
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.prompt_cut import is_cut_beside
from assay.judges.models.request_form import RequestForm
from assay.judges.schema import Usage

LONG_LINES = 1_000
LONG_TOKENS = 20_000
"""More than `LONG_LINES` lines are, whatever the tokeniser. With most it is 14,000: more than the windows of servers
that cut without a word, which are 2,048, 4,096 or 8,192 by default."""

SHORT_TOKENS = 3_000
_SHORT_LINES = 150
"""Of fewer lines, what a server adds to every prompt would be too great a part."""

_TOKENS_PER_LINE = LONG_TOKENS // LONG_LINES
_ANSWER_TOKENS = 256
_ATTEMPTS = 2
"""For one prompt: a form that breaks the server is told from an outage by the samples before."""


@dataclass
class WindowFacts:
    """What a long prompt came to.

    Attributes:
        sent: its characters. 0: none was sent.
        counted: tokens of it, as the endpoint counted.
        is_cut: whether the endpoint cannot have read all of it.
        is_refused: whether the endpoint said that it is too long.
        error: why there was no answer.
        usage: tokens of both prompts.
    """

    sent: int = 0
    counted: int | None = None
    is_cut: bool = False
    is_refused: bool = False
    error: str = ""
    usage: Usage = field(default_factory=Usage)

    @property
    def about(self) -> int:
        """About how many tokens were sent, as most tokenisers count."""
        return max(self.sent // 4_000 * 1_000, 1_000)


async def tried_window(
    model: str, place: EndpointSettings, form: RequestForm, admission: Admission, window: int | None
) -> WindowFacts:
    """Send the prompts.

    Args:
        model: name to ask for.
        place: its endpoint.
        form: how it was asked for JSON at last.
        admission: lets the requests go.
        window: tokens that are known to fit. None: not known.
    """
    many = LONG_LINES if window is None else max(1, min(LONG_LINES, (window - _ANSWER_TOKENS) // _TOKENS_PER_LINE))
    facts = WindowFacts()
    chat = HttpChatModel(model, _asked_plainly(place, form), admission=admission)
    # A server may count only what it had not read before: the two begin differently.
    short, long = _text("Low", min(_SHORT_LINES, max(1, many // 2))), _text("High", many)
    try:
        facts.sent = len(short)
        few = await _sent(chat, short)
        facts.usage += few.usage
        facts.sent = len(long)
        reply = await _sent(chat, long)
    except UnjudgeableSample as exc:
        facts.is_refused, facts.usage = True, facts.usage + exc.usage
    except EvaluationError as exc:
        facts.error, facts.usage = str(exc), facts.usage + exc.usage
    else:
        facts.usage += reply.usage
        facts.counted = reply.usage.prompt_tokens or None
        facts.is_cut = reply.prompt_cut or _is_cut(short, few, long, reply)
    finally:
        await chat.close()
    return facts


def _asked_plainly(place: EndpointSettings, form: RequestForm) -> EndpointSettings:
    """The endpoint with what was found out of it, so that nothing is tried again. No probabilities are needed here."""
    learnt: dict[str, object] = {"attempts": min(place.attempts, _ATTEMPTS), "logprobs": False}
    if form.proven:
        learnt |= {name: False for name in ("temperature", "system_role") if not getattr(form, name)}
        usual = RequestForm().token_field
        learnt |= {} if form.token_field == usual else {"token_field": form.token_field or "none"}
    return place.model_copy(update=learnt)


def _is_cut(short: str, few: Reply, long: str, many: Reply) -> bool:
    counted = few.usage.prompt_tokens, many.usage.prompt_tokens
    return min(counted) > 0 and is_cut_beside((short, counted[0]), (long, counted[1]))


async def _sent(chat: HttpChatModel, text: str) -> Reply:
    question = f"{text}\nHow high stood the tide on day 0? Answer in one word."
    return await chat.complete([ChatMessage(role="user", content=question)], max_tokens=_ANSWER_TOKENS)


def _text(tide: str, lines: int) -> str:
    return "\n".join(f"{tide} tide on day {day}: at the harbour it stood {day % 7} feet high." for day in range(lines))
