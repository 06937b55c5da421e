"""Words with which prompts mark evidence and questions, in the languages applications are written in."""

from __future__ import annotations

EVIDENCE_NOUNS = (
    # English
    *(r"contexts?", r"documents?", "docs", r"passages?", r"excerpts?", r"sources?", r"articles?", r"snippets?"),
    *(r"chunks?", "evidence", "facts", r"(?:search|retrieval|tool) results?", "results", r"knowledge(?: base)?"),
    *(r"references?", r"reference (?:material|text)s?", r"background(?: information)?", "source material"),
    # German
    *("dokumenten?", "kontext", "quellen?", r"(?:text)?auszüge?n?", "suchergebnisse", "textstellen", "abschnitten?"),
    *("hintergrund(?:informationen)?", "wissensbasis", "fundstellen", "belege", "informationen"),
    # French
    *("contexte", "extraits?", "passages?", "résultats(?: de (?:la )?recherche)?", "connaissances", "informations"),
    *("base de connaissances",),
    # Spanish, Portuguese
    *("contextos?", "documentos?", "fuentes?", "fragmentos?", "pasajes?", "resultados(?: de (?:la )?búsqueda)?"),
    *(
        "fontes?",
        "trechos?",
        "passagens",
        "resultados da (?:busca|pesquisa)",
        "base de conoc?h?imientos?",
        "información",
    ),
    *("base de conhecimento", "informações", "extractos"),
    # Italian
    *("contesto", "documenti?", "fonti?", "estratti?", "brani?", "passaggi", "risultati(?: della ricerca)?"),
    *("informazioni",),
    # Dutch
    *("documenten", "bronnen", "fragmenten", "passages", "zoekresultaten", "achtergrond(?:informatie)?", "informatie"),
    # Polish, Czech
    *("dokumenty?", "źródła", "fragmenty", "wyniki wyszukiwania", "kontekst", "úryvky", "zdroje", "výsledky hledání"),
    # Swedish, Danish, Norwegian, Finnish
    *("dokument", "dokumenter", "källor", "kilder", "utdrag", "uddrag", "sökresultat", "søgeresultater", "sammanhang"),
    *("asiakirjat", "konteksti", "lähteet"),
    # Turkish
    *("bağlam", "belgeler", "kaynaklar", "alıntılar", "arama sonuçları", "bilgiler"),
    # Russian, Ukrainian
    *("контекст", "документы", "источники", "фрагменты", "выдержки", "отрывки", "результаты поиска", "база знаний"),
    *("документи", "джерела", "фрагменти", "уривки", "результати пошуку"),
    # Greek, Romanian, Hungarian
    *("έγγραφα", "πηγές", "πλαίσιο", "documente", "surse", "dokumentumok", "források", "szövegkörnyezet", "kontextus"),
    # Indonesian, Vietnamese
    *(
        "konteks",
        "dokumen",
        "sumber",
        "hasil pencarian",
        "ngữ cảnh",
        "bối cảnh",
        "tài liệu",
        "nguồn",
        "kết quả tìm kiếm",
    ),
    # Chinese, Japanese, Korean
    *(
        "上下文",
        "(?:参考)?文档",
        "文件",
        "參考資料",
        "参考资料",
        "资料",
        "資料",
        "检索结果",
        "檢索結果",
        "搜索结果",
        "来源",
        "來源",
    ),
    *(
        "已知信息",
        "背景(?:信息|知识|資訊|情報)?",
        "知识库",
        "参考(?:内容|文献|情報|文書)",
        "参考",
        "材料",
        "片段",
        "段落",
        "语境",
    ),
    *(
        "コンテキスト",
        "文脈",
        "ドキュメント",
        "文書",
        "参照(?:文書|情報)?",
        "検索結果",
        "出典",
        "情報源",
        "抜粋",
        "前提情報",
    ),
    *(
        "컨텍스트",
        "문맥",
        "맥락",
        "문서",
        "참고 ?(?:자료|문서)",
        "자료",
        "검색 ?결과",
        "출처",
        "배경(?: ?지식)?",
        "발췌",
    ),
    # Arabic, Hebrew, Persian, Hindi, Thai
    *(
        "السياق",
        "سياق",
        "الوثائق",
        "المستندات",
        "المصادر",
        "نتائج البحث",
        "المراجع",
        "المقاطع",
        "מסמכים",
        "הקשר",
        "מקורות",
    ),
    *("اسناد", "منابع", "زمینه", "متن", "संदर्भ", "दस्तावेज़", "दस्तावेज", "स्रोत", "खोज परिणाम", "บริบท", "เอกสาร", "แหล่งที่มา"),
)
"""Nouns of a heading over evidence: `Dokumente:`, `## 参考资料`."""

QUESTION_NOUNS = (
    *("question", "query", "user input", "user message", "user request"),
    *("frage", "benutzerfrage", "nutzerfrage", "kundenfrage", "anfrage", "demande", "requête", "pregunta", "consulta"),
    *("pergunta", "domanda", "richiesta", "vraag", "pytanie", "zapytanie", "otázka", "dotaz", "fråga", "spørgsmål"),
    *("spørsmål", "kysymys", "soru", "вопрос", "запрос", "запитання", "питання", "ερώτηση", "întrebare", "kérdés"),
    *("pertanyaan", "câu hỏi", "问题", "問題", "用户问题", "提问", "質問", "問い", "질문", "السؤال", "سؤال", "שאלה"),
    *("پرسش", "प्रश्न", "सवाल", "คำถาม"),
)
"""Nouns of a heading over the question: `Frage:`, `质问`."""

ANSWER_NOUNS = (
    *("answer", "response", "antwort", "réponse", "respuesta", "resposta", "risposta", "antwoord", "odpowiedź"),
    *("odpověď", "svar", "vastaus", "yanıt", "cevap", "ответ", "відповідь", "απάντηση", "răspuns", "válasz", "jawaban"),
    *(
        "trả lời",
        "câu trả lời",
        "回答",
        "答案",
        "答え",
        "解答",
        "답변",
        "답",
        "الإجابة",
        "الجواب",
        "תשובה",
        "پاسخ",
        "उत्तर",
        "คำตอบ",
    ),
)
"""Nouns of a heading under which the model writes: `Antwort:`."""

INSTRUCTION_NOUNS = (
    *("instructions?", "tasks?", "rules", "anweisung(?:en)?", "aufgabe", "regeln", "consignes?", "règles", "tâche"),
    *("instrucciones", "reglas", "tarea", "instruções", "regras", "tarefa", "istruzioni", "regole", "compito"),
    *("instructies", "regels", "taak", "instrukcje", "zasady", "zadanie", "instruktioner", "regler", "uppgift"),
    *("talimatlar", "kurallar", "görev", "инструкции?", "правила", "задача", "задание", "інструкції", "завдання"),
    *(
        "instruksi",
        "aturan",
        "tugas",
        "hướng dẫn",
        "yêu cầu",
        "指令",
        "要求",
        "规则",
        "任务",
        "指示",
        "ルール",
        "タスク",
    ),
    *("지침", "규칙", "지시(?:사항)?", "التعليمات", "القواعد", "निर्देश", "नियम"),
)
"""Nouns of a heading over instructions: `Aufgabe:`."""

AFTER_NOUNS = (
    *(r"relevant\w*", r"pertinent\w*", r"recuperad\w*", r"encontrad\w*", r"consultad\w*", r"proporcionad\w*"),
    *(r"fornecid\w*", r"fournis?\w*", r"trouvée?s?", r"récupérée?s?", r"rilevant\w*", r"recuperat\w*", r"trovat\w*"),
    *("information", "below", "provided", "retrieved", "disponibles?", "disponíveis", "disponibili"),
)
"""What may follow the noun of a heading: `Fragmentos relevantes:`, `Documents retrieved:`."""

ANNOUNCING = (
    *("following", "below", "folgenden?", "unten", "suivants?", "suivantes?", "ci-dessous", "siguientes?", "abajo"),
    *("seguintes?", "abaixo", "seguenti?", "sottostanti", "volgende", "onderstaande", "następując\\w+", "poniższ\\w+"),
    *(
        "følgende",
        "följande",
        "nedan",
        "aşağıdaki",
        "следующ\\w+",
        "ниже",
        "наступн\\w+",
        "нижче",
        "berikut",
        "dưới đây",
    ),
    *("sau đây", "以下", "下面", "下記", "次の", "다음", "아래", "التالية?", "أدناه", "निम्नलिखित", "नीचे"),
)
"""Words of a sentence that announces evidence: `Answer with the following documents:`."""

TAGS = (
    *("documents?", "docs?", "contexts?", "passages?", "sources?", "articles?", "snippets?", "chunks?", "excerpts?"),
    *("evidence", "search_results?", r"knowledge(?:_base)?", "references?", r"retrieved_\w{1,20}", "document_content"),
    *("search-results?", "knowledge-base", "dokumente?", "kontext", "quellen?", "contexte", "contexto", "contesto"),
    *("documentos?", "documenti", "контекст", "документы?"),
)
"""Tags around evidence: `<context>`, `<search_results>`."""
