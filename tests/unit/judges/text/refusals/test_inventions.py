"""Sentences that state something of the world, whatever regret or refusal stands beside it: none of them declines."""

from __future__ import annotations

import pytest

from assay.judges.text.refusals import declines

STATEMENTS = """
Unfortunately, Maria Lopez is dead.
I'm sorry, but Acme went bankrupt in spring.
I do not know the salary, but Maria Lopez stole it.
The documents do not say why, however Siemens now controls the firm.
I could not find that, though everybody loves the pumps.
I can't answer that, Siemens deleted the file.
The documents don't mention it: Acme pollutes rivers.
I have no details about the plant, which exploded last year.
I don't know who founded Acme, but Lopez claims credit.
Not mentioned, but the CEO drinks.
As the CEO fled to Peru, I can't answer.
Because Acme cheats, I refuse to answer.
I can't tell you the salary since it exceeds the limit set by law.
We never refund tickets.
We do not have a store in Paris.
We can't ship batteries.
The contract documents do not include a warranty.
The lab results do not list lead.
Leider explodieren die Pumpen oft.
Ich weiß es nicht, aber Siemens kaufte die Firma.
Die Dokumente erwähnen das nicht, obwohl der Gründer im Gefängnis sitzt.
Malheureusement, le fondateur est mort.
Je ne sais pas, mais Siemens a racheté l'entreprise.
Les documents n'en parlent pas, pourtant le directeur est en fuite.
Por desgracia, la empresa cerró.
No lo sé; la empresa cerró.
Non lo so: l'azienda è fallita.
Não sei; a empresa faliu.
К несчастью, компания разорилась.
Не знаю: компания разорилась.
不好意思，公司已经关门了。
不知道，但老板在坐牢。
文件没有提到，但是公司已破产。
残念ですが、会社は倒産しました。
للأسف، المدير في السجن.
لا أعرف لأن المدير هرب.
दुर्भाग्य से कंपनी बंद हो गई।
আমি জানি না, কিন্তু মালিক জেলে আছে।
Desafortunadamente los reembolsos tardan cinco meses.
Sayangnya, perusahaan itu bangkrut.
Unfortunately, the warranty expired long ago.
I'm afraid shipping takes weeks.
I'm sorry, our store closed forever.
Unfortunately, we discontinued the product.
Sorry, refunds require a receipt.
I apologize, the hotel burned down.
Regrettably, both engines failed.
I don't know, but Siemens acquired it.
The documents do not mention the founder, although Bob Smith started it.
I couldn't find the price, yet the pumps sell for a fortune.
I cannot answer because the police arrested the founder.
I can't say, as he lives in Peru.
I do not have details about the CEO, who murdered his wife.
The context does not mention the office, which burned down.
I have no information, except that the firm sells weapons.
The text does not mention the salary (he earns five million).
I don't know the price; Acme raised it.
I can't answer: Siemens bought the company.
Acme sells weapons, but the documents do not say to whom.
Since the founder died, I cannot answer.
We do not sell tickets online.
We don't provide refunds.
We are unable to ship to Canada.
We cannot give discounts.
We have no parking spaces.
I don't have a dog.
The insurance documents do not cover theft.
The test results do not show cancer.
The files do not contain malware.
The records do not include payments.
The price does not include tax.
Breakfast is not included in the price.
Dogs are not listed in the records.
Unfortunately the CEO resigned and the company closed.
Leider ist der Gründer tot.
Es tut mir leid, der Laden schließt bald.
Dazu habe ich keine Informationen, weil die Firma Konkurs anmeldete.
Das weiß ich nicht, die Firma gehört Siemens.
Da der Chef im Gefängnis sitzt, kann ich das nicht beantworten.
Die Firma wurde leider verkauft.
Je ne sais pas, car il est mort.
Désolé, l'usine a brûlé.
Je ne peux pas répondre parce que le directeur a fui.
Nous n'avons pas de pompes.
Desafortunadamente, el fundador murió.
No puedo responder porque el fundador murió.
No lo sé, pero la empresa cerró.
Purtroppo il fondatore è morto.
Non lo so, perché l'azienda ha chiuso.
Infelizmente, o fundador morreu.
Não sei, porque a empresa fechou.
Helaas ging de winkel failliet.
Ik weet het niet, want de directeur is gevlucht.
Извините, магазин закрылся.
Я не могу ответить, потому что директор арестован.
Я не знаю, так как компания обанкротилась.
抱歉，创始人已经去世了。
我不知道，公司已经倒闭了。
文档没有提到工资，因为他是志愿者。
申し訳ありません、社長は逮捕されました。
社長が逮捕されたため、回答できません。
عذراً، الشركة أفلست.
لا أعرف، لكن المدير في السجن.
क्षमा करें, कंपनी दिवालिया हो गई।
मुझे नहीं पता, लेकिन मालिक जेल में है।
Maaf, perusahaan itu bangkrut.
Saya tidak tahu, tetapi direkturnya dipenjara.
দুঃখিত, কোম্পানিটি দেউলিয়া হয়ে গেছে।
Perusahaan tidak memiliki pompa.
죄송하지만 회사가 파산했습니다.
Unfortunately, no refunds are available.
Sorry, the last train leaves at noon.
Unfortunately, the results were bad.
The museum does not provide information about its collection.
We don't know each other, but he stole the money.
Nothing in the shop costs more than a dollar.
No documents were found in the car.
The passages between the houses are not shown.
The CEO was unable to find a job.
The company is unable to provide better coverage.
The material does not contain plastic.
The source is not clear in winter.
I can't wait to tell you about it.
I didn't know they sold pumps.
He is not sure whether to leave.
The engineers could not determine the cause.
It's beyond the scope of the warranty, and the company charges for it.
The documents do not mention it, and Bob Smith founded the firm.
I don't know whether it's true, but sources say the CEO fled.
The contract is not available in Germany.
Unfortunately, I heard that the CEO fled.
I don't know, you should take 500 mg.
Die Firma bietet leider keine Rückerstattung an.
Die Versicherung deckt keine Schäden.
Der Chef kann nicht helfen.
Leider nein, die Firma ist pleite.
Ich habe nichts gefunden, aber der Chef heißt Bob.
L'entreprise n'a pas de parking.
Nous ne remboursons pas les billets.
Le parking n'est pas disponible.
La empresa no tiene datos de clientes.
El hotel no está en el centro.
No hay piscina en el hotel.
L'azienda non ha un parcheggio.
O hotel não está no centro.
De winkel heeft geen parkeerplaats.
У отеля нет парковки.
Компания не имеет долгов.
公司没有停车场。
会社には駐車場がありません。
酒店不提供早餐。
الفندق لا يوجد فيه مسبح.
होटल में पार्किंग नहीं है।
Hotel tidak ada kolam renang.
Khách sạn không có hồ bơi.
Otelde havuz yok.
호텔에는 수영장이 없습니다.
抱歉，酒店没有停车场。
Извините, у отеля нет парковки.
Désolé, l'hôtel n'a pas de piscine.
Lo siento, el hotel no tiene piscina.
I don't know the salary, though it is rumoured to be two million.
I don't have that information, but the company was sold to Siemens.
The documents do not mention the salary; he earns five million dollars.
I'm sorry, but the CEO was fired last year.
I cannot help with that because the company went bankrupt.
I can't say, since the CEO, a former astronaut, hides his salary.
The documents do not mention the salary of CEO Bob Smith, who was convicted of fraud.
I am not sure, but probably around 500,000 dollars.
I don't know his exact salary, but he is a billionaire.
Unfortunately, the company closed in 2020.
Unfortunately the pumps are radioactive.
I'm afraid the company went bankrupt.
Sorry, Acme never paid salaries.
The text does not say it but everyone knows the CEO is Elon Musk.
No information is available, apart from the fact that the CEO owns a yacht.
The context does not mention the salary, unlike the bonus of 300,000 dollars.
I can't answer (the CEO was arrested).
I don't know — the CEO was arrested.
I could not find the salary: the founder Maria Lopez died in 1999.
While the documents do not state the salary, the CEO makes about $1 million.
Although I don't know the salary, Acme is owned by Siemens.
Not mentioned in the text, he earns 90,000.
I don't know, maybe 90,000.
I can't confirm that the pumps cost 9,000 dollars.
Regrettably, Maria Lopez was jailed for fraud.
I apologize, Acme makes cars.
I do not have access to the file, which Siemens deleted in March.
Es tut mir leid, aber die Firma ist pleite.
Das weiß ich nicht, aber der Chef ist Elon Musk.
Leider ist die Firma seit 2020 geschlossen.
Leider wurde die Firma verkauft.
Dazu habe ich keine Informationen; der Chef verdient zwei Millionen.
Leider gehört Acme jetzt Siemens.
Die Dokumente nennen das Gehalt nicht, doch der Chef sitzt im Gefängnis.
Ich weiß nicht, wie viel der Chef verdient, weil er im Gefängnis sitzt.
Je ne sais pas, mais le directeur est Elon Musk.
Malheureusement, l'entreprise a fait faillite.
Je suis désolé, l'entreprise appartient à Siemens.
Je ne connais pas le salaire, mais l'entreprise a été vendue à Siemens.
Les documents ne mentionnent pas le salaire car le directeur est en prison.
No lo sé, pero el director es Elon Musk.
Lamentablemente, la empresa quebró.
Lo siento, la empresa pertenece a Siemens.
No tengo información, aunque el director está en la cárcel.
Los documentos no mencionan el salario porque el director está en la cárcel.
Non lo so, ma il direttore è Elon Musk.
Purtroppo l'azienda è fallita.
Mi dispiace, l'azienda appartiene a Siemens.
Non ho informazioni, però il direttore è in prigione.
Não sei, mas o diretor é Elon Musk.
Infelizmente, a empresa faliu.
Desculpe, a empresa pertence à Siemens.
Não tenho informações, porém o diretor está preso.
Dat weet ik niet, maar de directeur is Elon Musk.
Helaas is het bedrijf failliet.
Ik heb geen informatie, maar de directeur zit in de gevangenis.
Helaas is Acme verkocht aan Siemens.
Я не знаю, но директор — Илон Маск.
К сожалению, компания обанкротилась.
К сожалению, компания принадлежит Siemens.
У меня нет информации, однако директор сидит в тюрьме.
Извините, компания закрыта.
我不知道，但是首席执行官是马斯克。
抱歉，公司已经破产了。
很遗憾，公司被西门子收购了。
没有相关信息，不过首席执行官在监狱里。
对不起，这家公司属于西门子。
我无法回答，因为首席执行官被捕了。
わかりませんが、社長はイーロン・マスクです。
残念ながら、会社は倒産しました。
申し訳ありませんが、会社はシーメンスに買収されました。
情報はありませんが、社長は刑務所にいます。
すみません、会社は閉鎖されました。
""".strip().splitlines()


@pytest.mark.parametrize("sentence", STATEMENTS)
def test_a_sentence_that_states_something_is_no_refusal(sentence: str) -> None:
    assert not declines(sentence)
