"""How other languages decline. Each pattern is read on a clause in lower case."""

from __future__ import annotations

import re

from assay.judges.text.words import word_set

_PATTERNS = (
    # German: keine Informationen, weiß ich nicht, kann ich nicht beantworten, liegt mir nicht vor, nicht erwähnt
    r"\bkeine(?:rlei)?\s(?:\w+\s){0,3}(?:informationen|angaben?|hinweise?|daten|auskunft|antwort|details|kenntnis)\b",
    r"\b(?:weiß|weiss)\s(?:\w+\s){0,3}nicht\b|\bkeine\sahnung\b|^\W*leider\snicht\W*$|\bnicht\s(?:beantworten|bekannt|sagen)\b",
    r"\b(?:ich|wir)\s(?:\w+\s){0,5}nichts\s(?:\w+\s){0,4}gefunden\b|\blässt\ssich\s(?:\w+\s){0,8}nicht\s(?:\w+\s){0,4}"
    r"(?:beantworten|ableiten|entnehmen|ermitteln|sagen|bestimmen|feststellen)\b|\bnicht\s(?:angegeben|erwähnt|genannt)\W*$"
    r"|\binformationen?\s(?:\w+\s){0,3}(?:fehlen|fehlt|reichen\snicht)\b|\bkein(?:e[sr])?\s(?:\w+\s)?(?:dokument|text|quelle|abschnitt)e?s?"
    r"\s(?:\w+\s)?(?:erwähnt|nennt|enthält)\b|\bnichts\sdazu\b|\bdazu\snichts\b",
    r"\b(?:(?:ich|wir|man)\s(?:kann|können|konnten?)|(?:kann|können|konnten?)\s(?:\w+\s){0,2}(?:ich|wir|man))\s(?:\w+\s){0,8}"
    r"nicht\s(?:\w+\s){0,3}(?:beantworten|finden|sagen|helfen|feststellen|geben|weiterhelfen)\b"
    r"|\bnicht\s(?:beantwortet|bestimmt|ermittelt|gefunden)\swerden\b|\bsteht\s(?:\w+\s){0,4}nichts\b|\bnichts\s(?:darüber|davon)\b",
    r"\b(?:liegt|liegen)\s(?:\w+\s){0,4}nicht\svor\b|\bk\.\s?a\.",
    r"\b(?:dokumente?n?|quellen?|texte?n?|kontext|unterlagen|abschnitte?)\b.{0,60}\b(?:nicht|keine?n?)\b"
    r".{0,60}\b(?:erwähnt|genannt|angegeben|enthalten|hervor|entnehmen|nennt|nennen|erwähnen|beschrieben)\b",
    r"\b(?:dokumente?|quellen?|texte?|kontext|unterlagen)\b.{0,40}\b(?:enthält|enthalten|nennt|nennen|erwähnt|erwähnen)\b"
    r".{0,40}\b(?:nicht|keine?n?)\b|\bnicht\sgenug\sinformationen\b",
    # Spanish: no tengo información, no lo sé, no puedo responder, los documentos no mencionan, lo siento
    r"\bno\s(?:\w+\s){0,2}(?:tengo|tenemos|dispongo|disponemos|cuento|contamos|hay|encuentro|encontré|existe|poseo)\s"
    r"(?:\w+\s){0,4}(?:información|datos|detalles|respuesta|acceso|conocimiento|mención|suficiente)",
    r"\bno\s(?:lo\s)?(?:sé|sabemos|sabría)\b|\bno\s(?:\w+\s){0,2}(?:puedo|podemos|es\sposible|pude)\s(?:\w+\s){0,2}"
    r"(?:responder|ayudar|contestar|encontrar|determinar|proporcionar|dar|decir|confirmar|brindar)",
    r"\b(?:documentos?|textos?|contexto|fuentes?|información|pasajes?|fragmentos?)\b.{0,50}\bno\s(?:\w+\s){0,2}"
    r"(?:menciona|contiene|incluye|indica|especifica|proporciona|dice|ofrece|responde|aparece|explica)n?\b",
    r"\bno\sse\s(?:menciona|indica|especifica|proporciona)n?\b|\bno\sse\s(?:encuentra|dispone|encontró)n?\s(?:\w+\s){0,4}(?:"
    r"información|datos|detalles|respuesta|mención|documentos?|textos?|contexto)\b|\bni\sidea\b|\bning[uú]n[oa]?\s(?:de\slos\s)?"
    r"(?:documento|texto|pasaje|fuente)s?\s(?:\w+\s){0,2}(?:menciona|indica|contiene|especifica)n?\b"
    r"|\bno\s(?:está|es|aparece|figura|consta)n?\s(?:\w+\s){0,3}en\s(?:el|los|este|estos|las?)\s(?:documento|texto|contexto|fuente)s?\b"
    r"|\binformación\sinsuficiente\b|\bno\s(?:soy\scapaz|estoy\sen\scondiciones)\sde\b",
    # French: je ne sais pas, je n'ai pas d'information, je ne peux pas répondre, les documents ne mentionnent pas
    r"\bje\sne\s(?:\w+\s)?sais\spas\b|\baucune\sidée\b|\b(?:je|nous)\s(?:n'|ne\s)(?:\w+\s)?(?:ai|avons|dispose|disposons|"
    r"trouve|trouvons|possède)\s(?:pas|aucune?)\s(?:\w+\W){0,5}?(?:informations?|données?|réponse|détails?|accès|connaissance|mention"
    r"|éléments?|trouvé)\b|\b(?:je|nous)\sne\strouv(?:e|ons)\s(?:pas|rien)\b",
    r"\b(?:je|nous)\sne\s(?:\w+\s)?(?:peux|pouvons|suis|sommes|parviens)\s(?:malheureusement\s)?pas\s(?:\w+\s){0,3}"
    r"(?:répondre|aider|trouver|déterminer|fournir|dire|donner|confirmer|mesure|capable)",
    r"\b(?:documents?|textes?|contexte|sources?|informations?|passages?|extraits?)\b.{0,50}\b(?:ne\s|n')(?:\w+\s){0,2}"
    r"(?:mentionne|contien|inclu|indique|précise|fourni|di|donne|permet)\w*\s(?:pas|aucune?|rien)",
    r"\baucune\s(?:\w+\s)?(?:information|donnée|réponse|mention)\b|\bpas\s(?:d'|assez\sd'|suffisamment\sd')informations?\b"
    r"|\baucun(?:e\sdes|\sdes|e)?\s(?:documents?|textes?|passages?|sources?|extraits?)\s(?:\w+\s){0,2}(?:ne\s|n')\w+"
    r"|\b(?:n'est|ne\ssont|n'était)\spas\s(?:\w+\s)?(?:mentionn|précis|indiqu|fourni|spécifi|présent|disponible|dans)\w*\s"
    r"(?:(?:dans|par|les?)\b.{0,30})?\b(?:documents?|textes?|contexte|sources?|passages?|extraits?)\b"
    r"|\binformations?\b.{0,30}\bn'est\spas\sdisponible|\bn'est\spas\s(?:\w+\s)?(?:mentionn|précis|indiqu|spécifi)ée?\W*$"
    r"|\bn'en\sparlent?\spas\b"
    r"|\binformations?\s(?:\w+\s){0,2}insuffisantes?\b|\brien\s(?:\w+\s){0,3}dans\s(?:les?|ce|ces)\s(?:documents?|textes?|contexte)",
    # Portuguese
    r"\bnão\s(?:\w+\s){0,2}(?:tenho|temos|disponho|há|encontrei|existe|possuo|foi\sencontrada|foram\sencontradas)\s"
    r"(?:\w+\s){0,4}(?:informaç|dados|detalhes|resposta|acesso|conhecimento|menção|suficiente)",
    r"\bnão\s(?:o\s)?(?:sei|sabemos)\b|\bnão\s(?:\w+\s){0,2}(?:posso|podemos|consigo|conseguimos|é\spossível|pude)\s"
    r"(?:\w+\s){0,2}(?:responder|ajudar|encontrar|determinar|fornecer|dar|dizer|confirmar)",
    r"\b(?:documentos?|textos?|contexto|fontes?|informaç\w+|trechos?)\b.{0,50}\bnão\s(?:\w+\s){0,2}"
    r"(?:menciona|cont[eé]|inclu|indica|especifica|fornece|diz|oferece|responde|informa)\w*|\bnenhuma\s(?:\w+\s)?informação"
    r"|\bnenhum(?:\sdos)?\s(?:documento|texto|trecho)s?\s(?:\w+\s){0,2}(?:menciona|informa|contém|indica)m?\b"
    r"|\bnão\s(?:consta|está|é|são|foi|aparece)m?\s(?:\w+\s){0,3}(?:n[oa]s?|em|pel[oa]s?)\s(?:documento|texto|contexto|fonte)s?\b"
    r"|\bnão\ssou\scapaz\sde\b|\bnada\s(?:\w+\s){0,2}n[oa]s?\s(?:documento|texto|contexto)s?\b|\bnão\sé\s(?:mencionad|especificad|informad|indicad)[oa]\W*$|\binformações\sinsuficientes\b",
    # Italian
    r"\bnon\s(?:\w+\s){0,2}(?:ho|abbiamo|dispongo|ci\ssono|trovo|esistono|possiedo)\s(?:\w+\s){0,4}"
    r"(?:informazion|dati|dettagli|risposta|accesso)|\bnon\s(?:lo\s)?(?:so|sappiamo)\b|\bnon\s(?:ne\s)?ho\sidea\b|\bnessuna\s(?:\w+\s)?informazione",
    r"\bnon\s(?:\w+\s){0,2}(?:posso|possiamo|riesco|è\spossibile)\s(?:\w+\s){0,2}"
    r"(?:rispondere|aiutar|trovare|determinare|fornire|dare|dire|confermare)",
    r"\b(?:document[oi]|test[oi]|contesto|font[ei]|informazioni|brani?)\b.{0,50}\bnon\s(?:\w+\s){0,2}"
    r"(?:menziona|contien|contengono|includ|indica|specifica|fornisc|dic)\w*",
    r"\bnessun[oa]?\s(?:dei\s)?(?:document[oi]|test[oi]|font[ei]|bran[oi])\s(?:\w+\s){0,2}(?:menziona|riporta|contiene|indica)\w*"
    r"|\bnon\s(?:è|sono|viene|vengono)\s(?:\w+\s){0,2}(?:nei|nel|nelle|nella|dal|dai)\s(?:document[oi]|test[oi]|contesto|font[ei])\b"
    r"|\bnon\ssono\sin\sgrado\sdi\b|\bnon\sè\s(?:specificat|menzionat|indicat|riportat)[oa]\W*$|\binformazioni\sinsufficienti\b",
    # Dutch
    r"\b(?:geen|onvoldoende)\s(?:\w+\s){0,2}(?:informatie|gegevens|antwoord|details|idee)\b|\bweet\s(?:ik\s)?(?:het\s)?niet\b",
    r"\b(?:kan|kunnen|kon)\s(?:\w+\s){0,6}niet\s(?:\w+\s){0,2}(?:beantwoorden|vinden|zeggen|helpen|geven|bepalen)\b",
    r"\b(?:documenten?|bronnen|bron|tekst|context)\b.{0,50}\b(?:vermeld|noem|bevat)\w*\b.{0,30}\b(?:niet|geen)\b"
    r"|\b(?:documenten?|bronnen|bron|tekst|context)\b\s(?:\w+\s){0,3}staat\s(?:\w+\s)?niets\b|\bstaa(?:t|n)\s(?:\w+\s){0,2}niet\sin\s(?:de|het|deze)"
    r"\s(?:\w+\s)?(?:documenten?|bronnen|bron|tekst|context)\b|\bword(?:t|en)\s(?:\w+\s){0,2}niet\s(?:genoemd|vermeld|gegeven)(?:\W*$|\sin\s)"
    r"|\bdaar\s(?:\w+\s){0,2}niet\s(?:mee\s|bij\s)?helpen\b",
    # Swedish, Danish, Norwegian
    r"\b(?:ingen|inga|ingen\snærmere|ikke\snok|inte\stillräckligt)\s(?:\w+\s){0,2}(?:information|informationer|informasjon"
    r"|oplysninger|opplysninger|uppgifter|data|svar)\b|\b(?:vet|ved)\s(?:jag\s|jeg\s|det\s)?(?:inte|ikke)\b",
    r"\b(?:kan|kunde|kunne)\s(?:\w+\s){0,4}(?:inte|ikke|desværre|dessverre)\s(?:\w+\s){0,3}(?:svar|besvar|finn|find|hj)\w*",
    # Polish, Czech
    r"\bnie\s(?:wiem|wiadomo)\b|\bnie\s(?:mam|mamy|posiadam|znalazłem|zawiera\w*|ma)\s(?:\w+\s){0,4}(?:informacji|danych"
    r"|odpowiedzi)|\bnie\s(?:mogę|możemy|jestem\sw\sstanie|potrafię)\s(?:\w+\s){0,3}(?:odpowiedzieć|pomóc|znaleźć|podać)",
    r"\bbrak\s(?:\w+\s)?(?:informacji|danych|odpowiedzi)|\bnevím\b|\bnemám\s(?:\w+\s){0,3}(?:informac|údaj)",
    # Russian, Ukrainian
    r"\bне\s(?:знаю|знаем|известно|имею|могу|можем|удалось|располагаю|нашёл|нашел|нашла)\b|\bнет\s(?:\w+\s){0,3}"
    r"(?:информации|данных|сведений|ответа|упоминани)|\b(?:информац|сведени|данны)\w+\s(?:\w+\s){0,5}"
    r"(?:нет|отсутству|не\sнайден|не\sсодерж|не\sупомин)",
    r"\b(?:документ|текст|контекст|источник|материал)\w*\b.{0,50}\b(?:не\s(?:\w+\s)?(?:упомин|содерж|указ|сообща|говор)|нет\b)"
    r"|\bничего\sне\s(?:сказано|говорится|сообщается|указано|найдено)|\bневозможно\s(?:\w+\s){0,2}(?:ответить|определить|сказать|установить)|\b(?:ответить|определить|сказать)\s(?:\w+\s){0,5}невозможно"
    r"|\bнедостаточно\s(?:\w+\s)?(?:информации|данных|сведений)",
    r"\bне\s(?:маю|можу|знаю|знайшов)\b|\bнемає\s(?:\w+\s){0,3}(?:інформації|даних|відомостей|відповіді)",
    # Turkish
    r"\b(?:bilgi|bilgim|bilgiye|cevap|veri|yanıt)\w*\s(?:\w+\s){0,4}(?:yok|bulunm\w+|yer\salm\w+|bulamad\w+|sahip\sdeğil\w*|içermi\w+"
    r"|mevcut\sdeğil)|\bbilmiyor\w*|\b(?:yanıtlaya|cevaplaya|yardımcı\sola|bula)m(?:ıyor|am|adı)\w*"
    r"|\b(?:belirtil|bahsedil)m(?:emiş|iyor)\w*",
    # Indonesian, Malay, Vietnamese
    r"\btidak\s(?:tahu|mengetahui|menyebutkan|mencantumkan|disebutkan|dicantumkan)\b|\btidak\s(?:\w+\s){0,2}(?:memiliki|menemukan|ada|dapat|bisa)\s(?:\w+\s){0,3}"
    r"(?:informasi|jawaban|data|menjawab|membantu|menemukan)\b",
    r"\bkhông\s(?:biết|đề\scập)\b|\bkhông\s(?:có|tìm\sthấy|thể)\s(?:\w+\s){0,3}(?:thông\stin|trả\slời|dữ\sliệu|câu|cung\scấp|đến)",
    # Arabic, Persian, Urdu
    r"لا\s(?:أعرف|أعلم|يمكنني|أستطيع|تذكر|يذكر)"
    r"|(?:لا\s(?:أملك|أمتلك|نملك|تتوفر|يتوفر|توجد|يوجد|تتضمن|يتضمن|تحتوي|يحتوي)|ليست?\s(?:لدي|لدينا|عندي))\s(?:\S+\s){0,4}"
    r"(?:معلومات|المعلومات|بيانات|إجابة|ذكر|تفاصيل|فكرة|علم|المستند|الوثائق|النص|السياق)|لم\s(?:أجد|أعثر|يذكر|تذكر|يرد|ترد)|غير\s(?:متوفر|مذكور|قادر|معروف)",
    r"(?:اطلاعات|پاسخ|اطلاعی)\S*(?:\s\S+){0,5}\s(?:ندارم|نیست|نشده|نمی)|نمی\S{0,2}دانم|معلومات(?:\s\S+){0,5}\s(?:نہیں|نہ)",
    # Hindi, Bengali, Marathi
    r"(?:जानकारी|उत्तर|जवाब|सूचना|उल्लेख|माहिती)(?:\s\S+){0,6}\s(?:नहीं|नही|नाही)|(?:नहीं|नही)\s(?:जानता|जानती|पता|मालूम|"
    r"मिली|मिला|दे\sसक|बता\sसक|कर\sसक)|पता\sनहीं|माहित\sनाही",
    r"(?:তথ্য|উত্তর|উল্লেখ)(?:\s\S+){0,6}\s?(?:নেই|নাই|পাইনি|পাওয়া\sযায়নি|করা\sহয়নি)|জানি\sনা|জানা\sনেই|উত্তর\sদিতে\sপার(?:ছি|ব)\sনা",
    # Chinese
    r"(?:没有|沒有|无|未|無|并未|並未|不包含|未能|找不到|缺乏|没|沒)[^。！？,，]{0,14}(?:信息|资料|資料|資訊|内容|內容|数据|答案|提及|提到|说明|相关)"
    r"|(?:无法|無法|不能|不能够|没办法)[^。！？,，]{0,14}(?:回答|提供|确定|確定|判断|判斷|回覆|得知|帮助|解答)|不知道|不清楚|不太清楚",
    r"(?:文档|文件|文章|上下文|资料|資料|材料|文本|原文)[^。！？]{0,20}(?:没有|沒有|未|并未)(?:提|说|說|包含|给出|涉及|指出|记载)",
    # Japanese, Korean
    r"(?:わかりません|分かりません|わからない|存じません|知りません|お答えできません|答えられません|回答できません|見つかりません"
    r"|(?:判断|確認|特定|回答|お答え)(?:することは)?でき(?:ません|ない|かねます)|(?:情報|資料|データ)[^。！？]{0,8}不足|(?:情報|記載|答え)[^。！？]{0,8}含まれてい(?:ません|ない)"
    r"|見当たりません|できかねます)|(?:情報|記載|記述|データ|言及|回答)[^。！？]{0,12}(?:ありません|ない|ございません|いません|おりません)",
    r"(?:정보|내용|답변|자료|언급)\S{0,3}(?:\s\S+){0,4}\s?(?:없|않|못)|모르겠|모릅니다|알\s수\s없|답변(?:할|드릴)\s수\s없|찾을\s수\s없",
    # Thai, Greek, Hebrew
    r"ไม่(?:มี|พบ|ทราบ|รู้|สามารถ)\S{0,20}(?:ข้อมูล|ตอบ|คำตอบ)?|\bδεν\s(?:\w+\s){0,2}(?:γνωρίζω|ξέρω|έχω|υπάρχ\w+|αναφέρ\w+|μπορώ)\b",
    r"(?:אין|לא)\s(?:\S+\s){0,2}(?:מידע|יודע|יודעת|נמצא|יכול|מופיע)",
)

_REGRET = (
    r"\b(?:es\s)?tut\s(?:mir|uns)\s(?:\w+\s)?leid\b|\bleider\b|\bentschuldigung\b|\blo\s(?:siento|lamento)\b|\blamentablemente\b"
    r"|\bdesafortunadamente\b|\b(?:je\ssuis|nous\ssommes)\s(?:vraiment\s)?désolée?s?\b|\bdésolée?\b|\bmalheureusement\b"
    r"|\b(?:sinto|lamento)\s(?:muito)?|\bdesculpe\b|\binfelizmente\b|\bmi\sdispiace\b|\bpurtroppo\b|\bhelaas\b|\bhet\sspijt\sme\b"
    r"|\btyvärr\b|\bdesværre\b|\bbeklager\b|\bdessverre\b|\bniestety\b|\bprzykro\smi\b|\bbohužel\b|\bк\sсожалению\b|\bизвините\b"
    r"|\bпростите\b|\bна\sжаль\b|\bmaaf\b|\brất\stiếc\b|\bxin\slỗi\b|\büzgünüm\b|\bmaalesef\b|\bne\syazık\ski\b"
    r"|عذر[اً]+|آسف|للأسف|متأسف|माफ\sकरें|क्षमा\sकरें|खेद|দুঃখিত|抱歉|对不起|對不起|很遗憾|遗憾|申し訳(?:ありません|ございません)|すみません"
    r"|残念ながら|죄송|유감"
)

DECLINES = re.compile("|".join(_PATTERNS), re.IGNORECASE)
"""A clause that declines, e.g. `Dazu liegen mir leider keine Informationen vor`, `No tengo información sobre eso`."""

REGRET = re.compile(_REGRET, re.IGNORECASE)
"""Words of regret, e.g. `Lo siento`: what follows them counts by itself."""

REGRETTED = re.compile(
    r"\W*(?:(?:für|por|pour|per|per\sil|voor|за|vì|für\sdie|mucho|molto|muito|vraiment|sehr|zutiefst|aber|mais|pero|ma|mas|maar|но)\b\s?"
    r"(?:(?:die|der|das|den|el|la|los|las|le|les|l'|il|lo|o|a|de|het|ce|cette|este|esta)\s?)?\w{0,20})?\W*$"
    r"|[^。]{0,12}(?:不便|迷惑|不便をおかけ|困扰|困擾|误解|誤解|久等|お待たせ|お役に立て|不快|असुविधा|অসুবিধা|불편)[^。]{0,20}$"
)
"""What may be regretted without a statement, e.g. `für die Verwirrung`. It is matched with lower case."""

WORDS = word_set(
    "kein keine keinen keiner keinem keinerlei nicht leider ahnung weiß weiss entschuldigung tut no ni non ne não "
    "nao nenhuma nenhum pas aucun aucune aucuns nessuna nessun geen niet onvoldoende ingen inga ikke inte "
    "desværre dessverre nie brak nevím nemám není nem bilgi bilgim bilgiye cevap veri yanıt yok tidak không "
    "désolé désolée désolés malheureusement siento lamento lamentablemente desafortunadamente sinto desculpe "
    "infelizmente dispiace purtroppo helaas spijt tyvärr beklager niestety przykro bohužel maaf tiếc lỗi üzgünüm "
    "maalesef yazık rien невозможно insufficienti insuficientes insuficiente insuffisante insuffisantes ningún ningun "
    "ninguno ninguna nessuno nichts niets fehlen fehlt kein"
)
"""Words of which every declining clause in Latin script has one, or one that begins as in `BEGINNINGS`."""

BEGINNINGS = ("n'", "bilm", "yanıtla", "cevapla", "bulama", "belirtil", "bahsed", "ne'")
"""`n'ai`, `bilmiyorum`."""

OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u2c00-\U0010ffff]")
"""A letter beyond the Latin ones: `и`, `語`."""
