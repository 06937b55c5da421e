"""Which questions only ask, and which tell something by the way."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.llm.statements.questions import only_asks
from assay.judges.text.form.courtesy import is_courtesy

PARTS = st.sampled_from(["did you know ", "that ", "which ", "is ", "was not ", "refunds ", ", ", "- ", "(", "cash "])


@pytest.mark.parametrize(
    "text",
    [
        "Refunds are paid in cash, right?",
        "Refunds are paid in cash, isn't it?",
        "Refunds are paid in cash — right?",
        "Refunds are paid in cash ?",
        "Refunds: cash, ok?",
        "Did you know refunds are paid in cash?",
        "Did you know refunds take ninety days?",
        "Have you heard refunds come in cash?",
        "Have you heard that refunds come in cash?",
        "Can you believe every refund is paid in cash?",
        "Do you know refunds are paid in cash?",
        "Do you realise that refunds are paid in cash?",
        "Who knew refunds are paid in cash?",
        "Who would have thought that refunds are paid in cash?",
        "Isn't it great that refunds are paid in cash?",
        "Aren't refunds paid in cash?",
        "Are refunds not paid in cash?",
        "Is it not true refunds are paid in cash?",
        "Is it clear that refunds are paid in cash?",
        "May I remind you that refunds are paid in cash?",
        "May I tell you refunds are paid in cash?",
        "Should I tell you that refunds are paid in cash?",
        "Would you like your refund, which is paid in cash, today?",
        "Would you like your refund (paid in cash) today?",
        "Would you like your refund - it is paid in cash - today?",
        "Would you like the refund that is paid in cash today?",
        "Would you like the refund which is paid in cash today?",
        "Would you like to come because refunds are paid in cash?",
        "Since refunds are paid in cash, would you like to come?",
        "Refunds are paid in cash, so would you like to come?",
        "Refunds are paid in cash; anything else?",
        "You know that refunds are paid in cash, don't you?",
        "What about this: refunds are paid in cash?",
        "What else can I say but that refunds are paid in cash?",
        "How about the fact that refunds are paid in cash?",
        "What would you say if I told you that refunds are paid in cash?",
        "So refunds are paid in cash, then?",
        "And you knew refunds are paid in cash?",
        "Wussten Sie, dass Rückerstattungen bar bezahlt werden?",
        "Rückerstattungen werden bar bezahlt, nicht wahr?",
        "Saviez-vous que les remboursements sont payés en espèces?",
        "¿Sabía que los reembolsos se pagan en efectivo?",
        "Los reembolsos se pagan en efectivo, ¿verdad?",
        "你知道退款以现金支付吗？",
        "退款以现金支付，对吗？",
        "返金は現金で支払われますよね？",
        "Guess what, refunds are paid in cash?",
    ],
)
def test_question_that_tells_is_no_mere_question(text: str) -> None:
    assert not only_asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Which bridge do you mean?",
        "Do you mean the old bridge?",
        "Do you mean that old bridge?",
        "Can I help you with anything else?",
        "Is there anything else that you want to know about the bridge?",
        "Would you like more information about the opening hours?",
        "Would you like to know how much parking costs?",
        "Do you know which bridge was opened first?",
        "Could you tell me where the shop is located?",
        "Could you please clarify whether the refund was requested online?",
        "What is your name, address, and order number?",
        "Who is the owner, where is the shop, and when does it open?",
        "- Where does the Sun's energy come from?",
        "- What steps will be involved in my case?",
        "2. How often will I be billed?",
        "Q: What are the differences between elements, compounds, and mixtures?",
        "In which city do you live?",
        "For how long will you stay?",
        "Does that bridge carry trains?",
        "Is that the bridge near the harbour?",
        "If you are unsure, could you share the order number?",
        "To help you better, could you tell me which product you bought?",
        "Sorry, which product do you mean?",
        "So, what would you like to know?",
        "Do you prefer a refund or a voucher?",
        "How did the company grow, and what did it sell?",
        "Have you ever visited Paris?",
        "Do you have a receipt?",
        "Anything else?",
        "Have you tried restarting the router?",
        "Why do leaves change color?",
        "Why is the sky blue?",
        "How can you apply for a passport?",
        "What happens if you miss a payment?",
        "Shall I explain how the calculation works?",
        "Haben Sie noch weitere Fragen zur Brücke?",
        "Welche Brücke meinen Sie?",
        "Möchten Sie mehr über die Öffnungszeiten wissen?",
        "Quel pont voulez-vous dire?",
        "¿Qué puente quiere decir?",
        "Quale ponte intende?",
        "どの橋のことですか？",
        "您指的是哪座桥？",
        "Какой мост вы имеете в виду?",
        "Did the restaurant have vegan options when you visited?",
        "Are you looking for a hotel with a pool and parking?",
        "Can you give me more details about the error message?",
        "Is there a specific product you are interested in?",
        "Would you like me to walk you through the steps?",
        "What is the exact model of the printer you are using?",
    ],
)
def test_honest_question_only_asks(text: str) -> None:
    assert only_asks(text) or is_courtesy(text)


@given(st.lists(PARTS, max_size=60))
def test_no_question_takes_long_to_read(parts: list[str]) -> None:
    begun = time.process_time()
    only_asks(f"{''.join(parts)[:400]}?")
    assert time.process_time() - begun < 0.2
