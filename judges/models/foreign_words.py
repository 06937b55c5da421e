"""Wordings of errors in other languages than English, by stems of the large ones. See `error_words`.

They are heard after what English words say of the request, and before what they say of the account.
"""

from __future__ import annotations

from assay.judges.models.meaning import Meaning
from assay.judges.models.word_sign import PASSING, RATE, WordSign, sign

FOREIGN_WORDS: tuple[WordSign, ...] = (
    sign(
        Meaning.REFUSED,
        (
            r"(?:заблокир|отклон|запрещ).{0,60}(?:фильтр|политик|контент|модерац|безопасн)",
            r"(?:фильтр|политик|контент|модерац).{0,60}(?:заблокир|отклон|наруш|запрещ)",
            r"inhaltsfilter|inhaltsrichtlini|(?:blockiert|abgelehnt|gefiltert).{0,60}(?:richtlini|sicherheitsfilter)",
            r"(?:richtlini|sicherheitsfilter).{0,60}(?:blockiert|abgelehnt|gefiltert|verletz|verstö)",
            r"(?:filtre|politique|règles)(?: de| du| sur le| relative au)? contenu|modération|contenu inapproprié",
            r"(?:filtro|pol[ií]tica|directrices)s? (?:de|do) (?:contenido|conte[uú]do)|moderaci[oó]n|moderação",
            r"(?:contenido|conteúdo) (?:inapropiado|inadequado|impróprio)",
            r"コンテンツ ?(?:ポリシー|フィルタ)|ポリシー.{0,6}違反|不適切|有害",
            r"콘텐츠 ?(?:정책|필터|관리)|정책.{0,6}위반|부적절|유해|审核(?:不|未)|内容(?:安全|过滤|审核)|違規",
        ),
        "Запрос заблокирован фильтром контента",
        "yandex.cloud/ru/docs/foundation-models, developers.sber.ru (blacklist), help.aliyun.com/zh/model-studio",
    ),
    sign(
        Meaning.TOO_LONG,
        (
            *(
                "过长",
                "超过.{0,24}(?:长度|上下文|限制|最大|token)",
                "长度.{0,8}超",
                "超出.{0,20}(?:长度|上下文|限制)",
                "上下文.{0,10}超",
            ),
            *(
                "超长",
                "長すぎ",
                "너무 깁",
                "너무 길",
                "zu lang",
                "trop long",
                "demasiado larg",
                "troppo lung",
                "muito long",
            ),
            r"(?:превыш|слишком).{0,50}(?:контекст|длин|токен)|(?:контекст|длин|токен)\w*.{0,50}превыш",
            r"(?:コンテキスト|トークン|入力).{0,12}(?:超え|超過)|(?:컨텍스트|토큰|길이).{0,20}(?:초과|넘)",
            r"(?:dépass|trop de).{0,50}(?:contexte|longueur|jeton|tokens|limite)",
            r"(?:überschr|überst|zu viele).{0,50}(?:kontext|länge|token)",
            r"(?:kontext|länge|token).{0,50}(?:überschr|überst)",
            r"(?:excede|supera|ultrapassa|demasiados).{0,50}(?:contexto|longitud|comprimento|tokens|máximo)",
        ),
        "输入长度超过模型最大长度",
        "baichuan-inc/Baichuan-13B#38, yandex.cloud/ru/docs/foundation-models",
        unless=(rf"{RATE}", PASSING, "quota", "saldo", "lernrate"),
    ),
    sign(
        Meaning.KEY,
        (
            r"неверн\w+ (?:api[ -]?)?ключ|ключ\w*.{0,30}(?:недейств|неверн|не найден|просроч|отозван)",
            r"clé (?:d)?api.{0,30}(?:invalid|incorrect|expir|manqu|inconnu)|clé invalide",
            r"ungültige\w* (?:api|schlüssel)|(?:api-?)?schlüssel.{0,30}(?:ungültig|abgelaufen|gesperrt|fehlt)",
            r"(?:clave|chave) (?:de |da )?api.{0,30}(?:inv[aá]lida|no v[aá]lida|incorre[ct]|caducad|expirad)",
            r"api ?キー.{0,12}(?:無効|正しく|間違)|無効な ?api ?キー",
            r"api ?키.{0,12}(?:유효|잘못|올바르)|유효하지 않은 api ?키",
            r"账[户号].{0,10}(?:锁定|冻结|停用|封禁)",
            *(
                "configure ai gateway",
                "^operation not allowed",
                "signature.{0,40}does not match",
                r"organi[sz]ation must be verified",
            ),
        ),
        "Неверный API-ключ",
        "yandex.cloud/ru/docs/foundation-models, docs.z.ai (1112), developers.cloudflare.com/ai-gateway (2001)",
    ),
)
"""Refusals, lengths and keys. Credit, pace and outage stand with the English words: their rows need the same order."""
