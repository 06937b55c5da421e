"""Refusals as models word them, in the languages most people speak: all of them decline."""

from __future__ import annotations

import pytest

from assay.judges.text.refusals import declines

REFUSALS = """
I'm unable to find any reference to a CEO in the material provided.
The information you're looking for is not in the documents.
The context provided does not contain the answer.
I don't have specific details regarding the salary.
Sorry, but I do not have any information regarding that.
Unfortunately I was not able to find an answer in the documents.
This question can't be answered with the provided documents.
The given text doesn't provide any details about the founder's education.
There is no mention of the salary.
I have no way of knowing that.
No details about the salary are provided.
It is not stated in the passages how much the CEO earns.
I do not have enough information to say whether the CEO resigned.
None of the provided sources contain information about the salary.
Leider geht das aus den Dokumenten nicht hervor.
Diese Information ist in den Dokumenten nicht enthalten.
Ich kann dazu leider keine Angaben machen.
Je n'ai pas accès à cette information.
Désolé, je n'ai trouvé aucune information à ce sujet.
El documento no proporciona información sobre el salario.
No puedo encontrar esa información en el contexto.
Il documento non fornisce informazioni sullo stipendio.
Não encontrei essa informação nos documentos.
В документах нет сведений о зарплате.
К сожалению, у меня нет такой информации.
上下文没有提供相关信息，因此无法回答。
根据上下文无法回答该问题。
提供された文書からは分かりません。
الوثائق لا تذكر الراتب.
दस्तावेज़ में वेतन का उल्लेख नहीं है।
নথিতে বেতনের উল্লেখ নেই।
I was unable to locate the return policy in the documents you provided.
Sorry, I couldn't find anything about warranty terms.
The provided context doesn't say anything about the opening hours.
I'm sorry, but the documents do not contain information about the merger.
There isn't enough information in the context to answer that.
The text doesn't specify whether parking is free.
The documents do not specify the year, the place, or the founder.
I do not have access to your account details, so I can't check your order status.
I cannot answer this question because the context does not mention the company.
As an AI language model, I don't have personal opinions.
I'm not able to answer because the question is outside the scope of the provided documents.
Neither document mentions the price.
The passages don't cover this topic, so I can't say.
No mention of the CEO is made in the documents.
Unfortunately, I can't find that in the sources.
I apologize, but I cannot share personal data.
I apologize for the inconvenience, but that information isn't available in the documents.
Unfortunately, there is no information about refunds in the provided text.
Regrettably, the context does not provide this information.
I don't know.
I do not know the answer to that question, sorry.
I'm afraid I don't have the answer.
I'm afraid not.
That's beyond my knowledge.
The search results do not contain any information about the dosage.
The answer is not in the text.
I have no information on this.
I don't have enough context to determine when it was founded.
It's not clear from the passages who founded the company.
Based on the given context, it is not possible to determine the founder.
The documents do not mention a dose (for adults or children).
I can't answer that, as it would violate my guidelines.
Sorry, but I cannot answer that question since it is not related to the documents.
I could not find the salary in the documents; you may want to contact HR.
I don't have that information, but feel free to ask me something else.
I don't have any details about that, however I can help you with other topics.
The documents provided do not list the CEO's salary.
Details about the salary are not included in the provided documents.
Leider kann ich dazu nichts sagen.
Ich konnte in den Dokumenten keine Informationen dazu finden.
Die Dokumente erwähnen nicht, wann die Firma gegründet wurde oder wer sie leitet.
Es tut mir leid, darüber liegen mir keine Informationen vor.
Lamentablemente, no tengo esa información.
Lo siento, pero los documentos no mencionan el precio, la fecha ni el lugar.
Malheureusement, les documents ne contiennent pas cette information.
Désolé pour la confusion.
Purtroppo non ho informazioni su questo.
Infelizmente, os documentos não mencionam o preço.
Helaas kan ik deze vraag niet beantwoorden.
К сожалению, в тексте не указано, когда была основана компания.
很遗憾，我无法回答这个问题。
很抱歉，根据现有资料，我无法确定答案。
残念ながら、その情報は見つかりませんでした。
申し訳ございませんが、回答できません。
عذراً، لا تتوفر لدي معلومات كافية.
क्षमा करें, दस्तावेज़ों में यह जानकारी नहीं है।
Maaf, saya tidak tahu.
Es tut mir leid für die Unannehmlichkeiten.
Aucune information n'est disponible sur ce sujet.
Nie mam informacji na ten temat.
I do not, at present, know.
The documents do not mention when Acme was sold.
The context doesn't include details on pricing, delivery, or returns.
I don't see any information about that in the context.
The article doesn't say, so I can't tell you.
We don't have any information about that.
We cannot answer this question.
We couldn't find the answer in the documents.
The provided data does not show the revenue.
I cannot find the answer in the given text.
I don't know what the salary is, since the documents don't say.
I can't provide that information because it is not in the documents.
I'm not sure which product you mean, could you clarify?
I can't help with that, because the question is unclear.
I can't answer that as it requires personal data.
My knowledge does not extend to that; the documents do not cover it.
Sorry, I can't help you with this request.
I'm sorry, this information is not available in the provided documents.
I don't have information about the CEO's salary, which would be needed to answer.
It cannot be determined from the passages whether the shop is open.
The excerpt makes no mention of a founder.
I regret that I cannot answer this question.
I am unable to answer, as none of the passages discuss the salary.
The requested information is not present in the context.
There's no answer to this in the sources.
The documents don't describe how the pumps work, what they cost, or who makes them.
Not enough information.
Sorry, that is not mentioned.
Leider gibt es in den Dokumenten keine Angaben zum Gehalt.
In den Quellen steht nichts darüber.
Das kann ich nicht beantworten, weil die Dokumente keine Angaben dazu enthalten.
Dazu steht nichts im Text.
Ich weiß es nicht, tut mir leid.
Je n'ai aucune information à ce sujet.
Je ne peux pas répondre, car les documents n'en parlent pas.
Les documents ne disent rien à ce sujet.
El texto no dice nada al respecto.
No puedo responder porque los documentos no lo mencionan.
Il contesto non contiene questa informazione.
Non ne ho idea.
Não há nada nos documentos sobre isso.
Não posso responder, pois os documentos não mencionam isso.
В тексте ничего не сказано о зарплате.
Я не могу ответить, так как в документах нет информации.
文中没有说明。
没有找到答案。
文件里没有关于工资的内容。
我无法回答，因为资料中没有提到。
資料には給与についての記述がないため、お答えできません。
すみません、分かりません。
لا أعرف.
لا توجد معلومات عن الراتب في المستندات.
इस बारे में जानकारी उपलब्ध नहीं है।
এই তথ্য নথিতে নেই।
Informasi tersebut tidak disebutkan dalam dokumen.
Dokumen tidak menyebutkan gaji.
Belgelerde bu bilgi yer almıyor.
해당 정보를 찾을 수 없습니다.
I'm afraid I can't answer that.
The documents don't say.
That information isn't in the provided documents.
I couldn't find anything about that in the documents.
There is nothing in the context about the CEO's salary.
The context is insufficient to answer the question.
Sorry, but nothing in the sources covers that.
No relevant passages were found.
I wasn't able to find that in the knowledge base.
The question cannot be answered from the given context.
Based on the provided context, I don't have enough information to answer the question about the CEO's salary.
As an AI, I can't help with that request.
I must decline to answer.
I'm not able to provide medical advice.
I'd rather not answer that.
Unknown.
Not specified.
The CEO's salary is not specified.
None of the passages mention the CEO's salary. Please consult the HR department.
I do not have access to real-time data. You may want to check the website.
I don't have that information, but I can help with other questions.
Unfortunately, the documents you shared do not cover the CEO's salary. Could you provide more details?
Das weiß ich leider nicht.
Dazu finde ich in den Dokumenten keine Angaben.
Die bereitgestellten Dokumente enthalten keine Informationen über das Gehalt.
Das geht aus dem Text nicht hervor.
Dazu kann ich keine Auskunft geben.
Ich habe dazu nichts gefunden.
Leider kann ich diese Frage nicht beantworten.
Im Kontext wird das Gehalt des Chefs nicht erwähnt.
Hierzu liegen mir keine Informationen vor. Bitte wenden Sie sich an den Support.
Aus den vorliegenden Unterlagen lässt sich das nicht ableiten.
Die Frage lässt sich anhand der Dokumente nicht beantworten.
Dabei kann ich nicht helfen.
Je ne sais pas.
Je n'ai pas trouvé d'informations à ce sujet.
Les documents fournis ne précisent pas le salaire du directeur.
Je suis désolé, je ne peux pas répondre à cette question.
Cette information n'est pas mentionnée dans les documents.
Le contexte ne permet pas de répondre à la question.
Malheureusement, je ne dispose pas de cette information.
Aucun document ne mentionne le salaire.
Le salaire n'est pas précisé dans le texte.
Il n'y a pas d'information sur le salaire dans les documents.
Je ne suis pas en mesure de répondre.
No lo sé.
Lo siento, no puedo responder a esa pregunta.
Los documentos no mencionan el salario del director.
No encontré información sobre eso.
La información proporcionada no incluye el salario.
No dispongo de información suficiente para responder.
El contexto no especifica el salario.
En los documentos no se menciona el salario.
Esa información no aparece en los documentos.
No hay información al respecto en el texto.
No me es posible responder.
Non lo so.
Mi dispiace, non posso rispondere a questa domanda.
I documenti non menzionano lo stipendio.
Non ho trovato informazioni al riguardo.
Il testo non specifica lo stipendio.
Nei documenti non è indicato lo stipendio.
Questa informazione non è presente nei documenti.
Purtroppo non dispongo di queste informazioni.
Nessun documento riporta questa informazione.
Non sono in grado di rispondere.
Não sei.
Desculpe, não posso responder a essa pergunta.
Os documentos não mencionam o salário.
Não encontrei informações sobre isso.
O contexto não fornece informações suficientes.
Essa informação não consta nos documentos.
Infelizmente, não tenho acesso a essa informação.
Não há informações sobre o salário no texto.
O salário não é mencionado nos documentos.
Não sou capaz de responder.
Dat weet ik niet.
Sorry, ik kan deze vraag niet beantwoorden.
De documenten vermelden het salaris niet.
Ik heb daar geen informatie over gevonden.
In de documenten staat niets over het salaris.
Die informatie staat niet in de documenten.
Helaas heb ik geen informatie hierover.
De context bevat onvoldoende informatie.
Het salaris wordt niet genoemd in de tekst.
Daar kan ik niet mee helpen.
Я не знаю.
К сожалению, я не могу ответить на этот вопрос.
В документах нет информации о зарплате директора.
Документы не содержат сведений о зарплате.
Я не нашёл информации об этом.
В тексте не указана зарплата.
В предоставленном контексте об этом не говорится.
Информация отсутствует.
У меня нет данных по этому вопросу.
Ответить на вопрос невозможно.
Недостаточно информации для ответа.
我不知道。
抱歉，我无法回答这个问题。
文档中没有提到首席执行官的薪水。
根据提供的资料，无法确定薪水。
提供的上下文中没有相关信息。
对不起，我没有找到相关信息。
文中未提及此事。
资料不足，无法回答。
很抱歉，文件没有说明。
這個問題我無法回答。
わかりません。
申し訳ありませんが、その質問にはお答えできません。
文書には給与に関する記載がありません。
提供された情報からは判断できません。
資料には記載されていません。
その情報は見つかりませんでした。
文脈には情報が含まれていません。
情報が不足しているため、回答できません。
給与については言及されていません。
""".strip().splitlines()


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_with_nothing_beside_it_declines(sentence: str) -> None:
    assert declines(sentence)
