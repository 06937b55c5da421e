"""Small words that give a language away: articles, pronouns, prepositions, forms of `to be` and `to have`."""

from __future__ import annotations

from assay.judges.text.words import word_set

LATIN = {
    "en": word_set(
        "the of and that were it with from this which has have been not they would are by at be is was for to you your "
        "we our its their there what when who how can could should does did into about than these those while"
    ),
    "de": word_set(
        "der die das und ist ein eine einen einem zu den von mit nicht im auf für sich des dem wird werden sind bei "
        "auch als es ich sie wir ihr kann können haben hat wurde oder aber nach über aus kein keine bis wie ja nein"
    ),
    "fr": word_set(
        "le la les des et est un une du dans que pour qui sur pas au aux ce il elle par avec sont cette ne vous nous "
        "je on peut être ont été ou mais leur ses son sa tout oui non êtes c'est n'est d'un d'une"
    ),
    "es": word_set(
        "el la los las de y un una que en por con para del se su al como está lo más es son no sin sobre pero puede "
        "sí fue tiene este esta usted"
    ),
    "it": word_set(
        "il lo la gli le di e è un una che con del della non sono si al alla dei da come più nel nella per ha può "
        "questo sì anche ogni viene"
    ),
    "pt": word_set(
        "o os as de e é uma um que em por com para da do não se na no dos das ao mais são você pode sim foi tem sem "
        "seu sua está"
    ),
    "nl": word_set(
        "de het een en op te dat niet met voor zijn aan er om ook als bij wordt van is je u kan kunnen hun geen ja nee "
        "naar onze worden krijgt krijgen elke"
    ),
    "pl": word_set("w na z nie się jest że jak po od przez dla są ale oraz który która to do i o tak można lub być"),
    "sv": word_set(
        "och att det som en är av för på med inte den till har ett om de kan vid från du ja nej eller under"
    ),
    "da": word_set("og at det som en er af for på med ikke den til har et om de kan ved fra du ja nej eller under får"),
    "no": word_set("og at det som en er av for på med ikke den til har et om de kan ved fra du ja nei eller under får"),
    "fi": word_set("ja on ei että se ovat oli joka kun mutta tai myös voi hän ne sen tämä kuin ole mukaan sekä kyllä"),
    "cs": word_set("a je se na v že s z do i o jsou ale jako pro by po od nebo který která není ano ne bylo být"),
    "sk": word_set("a je sa na v že s z do i o sú ale ako pre by po od alebo ktorý ktorá nie áno bolo byť"),
    "sl": word_set("in je se na v da s z do so ali kot za bi po od tudi ki ni ne bilo lahko pri pod"),
    "hr": word_set("i je se na u da s iz do su ali kao za bi po od ili koji koja nije ne bilo može pri pod"),
    "hu": word_set("a az és hogy nem is egy van volt meg csak el de ha már vagy mint ez azt alatt igen lehet"),
    "ro": word_set("și de la în cu este nu un o pe că din să care pentru sunt au mai sau prin sub da fost poate"),
    "tr": word_set("ve bir bu da de için ile olarak çok daha ne var olan gibi sonra kadar en mi değil evet hayır veya"),
    "id": word_set("yang dan di dari untuk dengan pada ini itu adalah tidak ke dalam akan oleh bisa dapat atau ya"),
    "vi": word_set("và của là có không được cho các một những trong với này đã người khi từ đến vào ở bị tại"),
    "sw": word_set("ya wa na kwa ni katika la za cha kuwa hii si au lakini pia hakuna yake kama wakati"),
    "ca": word_set("el la els les de i un una que en per amb del és són no al com més seva aquest està sota"),
    "et": word_set("ja on ei et see oli mis kui aga või ka ning seda oma all jah ole saab nad tema"),
    "lv": word_set("un ir no ar uz par ka kas nav bija tas arī bet vai pie zem var jā nē šis ko lai"),
    "lt": word_set("ir yra iš su į kad ne tai buvo kaip bet ar po prie taip gali jis už apie"),
    "eu": word_set("eta da ez bat du ere dira zen dute baina edo den hau hori bai izan dago azpian"),
}
"""For languages in Latin script, in wide use or in the European Union. Neighbours share many of theirs."""

CYRILLIC = {
    "ru": word_set("и в на с не что он по к из у за от это как для но его она был было до же"),
    "uk": word_set("і в на з не що він до як за від це та для але його вона був було у ще їх"),
    "bg": word_set("и в на с не че той от за да се е са като по до но това със при ще"),
    "sr": word_set("и у на с не да је се од за су као по до али то са при бити није"),
}
"""For languages in Cyrillic script."""

ALL_SMALL_WORDS = frozenset().union(*LATIN.values(), *CYRILLIC.values()) - word_set("can who over under all so")
"""Words that say nothing of what a text is about, in any of the languages."""
