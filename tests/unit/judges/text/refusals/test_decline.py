"""Which sentences decline, in the languages most people speak, and that an invention beside a refusal is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.refusals import declines, denied_matter
from tests.waiting import cpu_seconds_below

DECLINING = """
IDK
N/A
I don't know.
Dazu liegen mir leider keine Informationen vor.
Lo siento, no tengo información sobre eso.
Leider enthalten die bereitgestellten Dokumente keine Informationen darüber, wer die Firma gegründet hat.
Es tut mir leid, aber ich kann diese Frage nicht beantworten.
Das weiß ich leider nicht.
Je suis désolé, mais je ne trouve pas cette information dans les documents.
Je ne sais pas.
Les documents ne mentionnent pas la dose.
Não sei.
Desculpe, não tenho informações sobre isso.
Os documentos não mencionam a dose.
К сожалению, у меня нет информации об этом.
Я не знаю.
В документах не указано, кто основал компанию.
很抱歉，我没有找到相关信息。
抱歉，提供的文档中没有提到公司的创始人。
我不知道。
申し訳ありませんが、その情報は見つかりませんでした。
提供された文書には創業者に関する情報がありません。
わかりません。
عذراً، لا أعرف الإجابة.
عذرًا، لا تتوفر لدي معلومات حول ذلك.
क्षमा करें, मेरे पास इस बारे में कोई जानकारी नहीं है।
मुझे नहीं पता।
দুঃখিত, এ বিষয়ে আমার কাছে কোনো তথ্য নেই।
আমি জানি না।
Üzgünüm, bu konuda bilgim yok.
Bilmiyorum.
Non ho informazioni su questo argomento.
Mi dispiace, non posso rispondere.
Ik heb daar helaas geen informatie over.
Niestety nie mam informacji na ten temat.
죄송합니다. 해당 정보를 찾을 수 없습니다.
죄송하지만 관련 정보가 없습니다.
Maaf, saya tidak memiliki informasi tentang hal itu.
Xin lỗi, tôi không có thông tin về điều này.
I couldn't find any information on completing your account.
The provided documents do not contain enough information to answer this question.
I’m sorry, but I don’t have that information.
No relevant information was found.
I cannot create statements about the person based on the given context.
Unfortunately, the provided context does not specify the founder, the year, or the place.
I'm sorry for the confusion.
Sorry about that
The documents do not mention who founded it or when it was founded.
Based on the passages, I am unable to answer the question.
I am unable to determine how many people live there, as the passages don't say.
The text does not say when the shop opens, how much it costs, or who runs it.
Unanswerable
Not mentioned in the document.
That information is not available in the provided context.
I'm afraid I can't help with that.
I'm sorry, I am an AI and cannot give medical advice.
""".strip().splitlines()

STATING = """
Although the documents do not mention a dose, adults should take 500 mg of Zeloprin twice a day for ten days.
I'm sorry for the confusion earlier, the dose is 500 mg twice a day.
I'm sorry for the confusion the dose is 500 mg.
The documents do not mention it, but adults take 500 mg twice daily.
I don't know, but green has a long tradition as the color of ireland.
i am not sure, but in some countries it is a protected title.
i know it has six novels, but i don't know any other media like audio books or sound tracks
I am not sure about warm but its evoked by light and it has a dominant wavelength of roughly 495570 nm .
The similar series are Arrested Development, Community, and 30 Rock but the document does not state that.
Obwohl die Dokumente keine Dosis erwähnen, sollten Erwachsene zweimal täglich 500 mg nehmen.
Lo siento, la dosis es de 500 mg.
No tengo información, pero la empresa fue fundada por Marta Kline en 1987.
抱歉，剂量是500毫克。
文件没有提到剂量，但成人每天应服用两次。
К сожалению, доза составляет 500 мг.
Sorry, we close at 5 pm.
There is no lift in the building.
The tower does not contain a bell.
Water damage is not covered by the warranty.
Gift cards are not refundable.
Unfortunately, the museum is closed on Mondays.
The report does not cover 2020, while revenue rose to 5 million in 2021.
Nobody plays the piano in the casino.
The sorrow was not great.
Gutscheine sind nicht erstattbar.
El museo no abre los lunes.
The store has no parking.
La garantie ne couvre pas les dégâts des eaux.
保修不包括水损。
Гарантия не распространяется на воду.
Garanti su hasarını kapsamaz.
""".strip().splitlines()


@pytest.mark.parametrize("sentence", DECLINING)
def test_a_refusal_is_known_in_every_language(sentence: str) -> None:
    assert declines(sentence)
    assert declines(f"  {sentence.upper()}") or not sentence.isascii()


@pytest.mark.parametrize("sentence", STATING)
def test_a_statement_is_no_refusal_whatever_stands_before_it(sentence: str) -> None:
    assert not declines(sentence)


@pytest.mark.parametrize(
    "invention", [", the dose is 500 mg", ", but adults take 500 mg twice daily", " and it was founded by Marta Kline"]
)
@pytest.mark.parametrize("refusal", ["I'm sorry", "I don't know", "The documents do not mention it"])
def test_an_invention_behind_a_refusal_makes_a_statement(refusal: str, invention: str) -> None:
    assert declines(f"{refusal}.")
    assert not declines(f"{refusal}{invention}.")


def test_what_sources_are_said_not_to_tell_is_named() -> None:
    assert denied_matter("The document does not state when Acme was founded.") == ("when Acme was founded", "date")
    assert denied_matter("The text doesn't say how many seats it has.") == ("how many seats it has", "number")
    assert denied_matter("Gift cards are not refundable.") is None


@given(st.text(max_size=200))
def test_every_text_has_an_answer(text: str) -> None:
    assert declines(text) in (True, False)


def test_a_hostile_sentence_takes_no_long_time() -> None:
    with cpu_seconds_below(10):
        for unit in ("no ", "not the documents ", "I'm sorry, ", "keine ", "没有", "(but) "):
            declines((unit * 400)[:400])
            declines(unit * 100_000)
