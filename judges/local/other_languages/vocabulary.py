"""The small words by language that turn a statement, narrow it, join two, or may be added without changing any."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from assay.judges.text.words import word_set

_LISTED = """
de | der die das den dem des ein eine einen einem einer eines ist sind war waren wird werden wurde wurden hat
    haben es er sie dies diese dieser dieses diesen diesem auch | nicht kein keine keinen keinem keiner keines nie
    niemals nirgends weder | nur lediglich ausschließlich außer ohne wenn falls sofern sobald fast kaum angeblich |
    und sowie aber | seit ab vor durch gegen während wegen zwischen innerhalb trotz bis
fr | le la les l un une des est sont a ont été était étaient il elle ils elles ce cette ces c aussi | ne n pas
    jamais aucun aucune plus nul nulle non | seulement uniquement sauf sans si presque que | et mais | depuis après
    avant chez entre pendant vers sous contre jusqu
es | el la los las un una unos unas es son está están era eran fue fueron ha han este esta estos estas ella
    ellos también | no ni nunca jamás tampoco ningún ninguna ninguno | solo sólo solamente únicamente excepto salvo
    sin si casi | y e pero | desde hasta entre durante tras antes después contra bajo
it | il lo la i gli le l un uno una è sono era erano ha hanno questo questa questi queste viene vengono anche |
    non mai nessun nessuno nessuna neppure neanche né | solo soltanto solamente tranne senza se quasi | e ed ma |
    fino da tra fra dopo prima durante dal dalla dallo verso contro
pt | o a os as um uma uns umas é são está estão foi foram era eram tem ele ela eles elas este esta esse essa
    também | não nem nunca jamais nenhum nenhuma | apenas só somente exceto salvo sem se quase | e mas | desde até
    entre durante após antes sob contra
nl | de het een is zijn was waren wordt worden werd werden heeft hebben hij zij ze dit deze dat ook | niet geen
    nooit nergens | alleen slechts behalve zonder als indien tenzij bijna | en maar | sinds tot tussen na voor
    tijdens tegen vanaf
sv | en ett den det de är var blir blev har denna detta dessa också | inte aldrig ingen inga inget ej | bara
    endast utom utan om nästan | och men | sedan till mellan under efter före hos
da | en et den det de er var bliver blev har denne dette disse også | ikke aldrig ingen intet ej | kun bare
    undtagen uden hvis næsten | og men | siden til mellem efter før hos
no | en et ei den det de er var blir ble har denne dette disse også | ikke aldri ingen intet | kun bare unntatt
    uten hvis nesten | og men | siden til mellom etter før hos
fi | on ovat oli se tämä myös | ei eivät en älä koskaan | vain ainoastaan paitsi ilman jos melkein | ja mutta |
et | on oli see ka | ei ära pole mitte kunagi | ainult vaid ilma kui peaaegu | ja ning aga |
pl | jest są był była było były to ten ta te też | nie nigdy żaden żadna żadne ani | tylko wyłącznie oprócz bez
    jeśli jeżeli prawie | i oraz ale | od do po przed między podczas we ze
cs | je jsou byl byla bylo byly to ten ta tento také | není nejsou nikdy žádný žádná nesmí ne ani | pouze jen
    kromě bez pokud jestli téměř | a ale | od do mezi během před k ke ve
sk | je sú bol bola bolo boli to ten tá tento aj | nie nikdy žiadny žiadna nesmie ani | iba len okrem bez ak
    takmer | a ale |
sl | je so bil bila bilo ta to tudi | ne ni niso nikoli noben | samo le razen brez če skoraj | in ampak |
hr | je su bio bila bilo bili ovaj ova to | ne nije nisu nikad nijedan | samo osim bez ako gotovo | i ali |
hu | a az egy van volt ez is | nem sem nincs soha se | csak kivéve nélkül ha majdnem | és de |
ro | un o este sunt era erau a au fost acest această | nu nici niciodată niciun nicio | doar numai fără dacă
    aproape | și dar | din până între după înainte la
tr | bir bu | değil yok asla hiç | sadece yalnızca yalnız hariç eğer ancak | ve ama |
id | ini itu adalah yang juga | tidak bukan jangan belum | hanya kecuali tanpa jika hampir | dan tetapi |
vi | là thì cũng | không chưa chẳng đừng | chỉ trừ nếu | và nhưng |
ca | el la els les l un una és són era ha han aquest aquesta | no ni mai cap | només excepte sense si gairebé |
    i però |
lv | ir bija šis šī tas | nav ne nekad | tikai bez ja | un bet |
lt | yra buvo šis tai | ne nėra niekada | tik be jei | ir bet |
ru | это был была было были является являются он она оно они этот эта эти также | не нет ни никогда нельзя |
    только лишь кроме без если почти | и а но | с до после между через около перед со во ко при
uk | це є був була було були він вона воно вони цей ця ці також | не ні ніколи немає | тільки лише крім без якщо
    майже | і й та але | до після між через біля перед зі у
bg | е са беше бяха този тази това също | не няма ни никога | само освен без ако почти | и но |
sr | је су био била било овај ова то | не није нису никад | само осим без ако | и али |
arabic | هو هي كان كانت هذا هذه أيضا | لا لم لن ليس ليست غير | فقط إلا بدون إذا عدا | و |
devanagari | है हैं था थी थे यह ये वह भी | नहीं न मत | केवल सिर्फ बिना अगर यदि | और |
hebrew | הוא היא זה זו גם | לא אין אל | רק בלי אם | ו |
greek | ο η το οι τα τους τις ένα μια είναι ήταν αυτό | δεν δε μη μην ποτέ | μόνο εκτός χωρίς αν | και αλλά |
hangul |  | 안 못 없는 없다 없습니다 | 만 오직 | 그리고 및 |
"""
"""By language: articles, forms of `to be` and pronouns; negations; words that narrow; words that join; prepositions."""


class SmallWords(NamedTuple):
    """Small words of a language.

    Attributes:
        free: what may be added to a copy: articles, forms of `to be`, pronouns.
        negations: what turns a statement into its opposite.
        limits: what narrows a statement: without it, it says more.
        joining: what joins two statements about one thing.
        placing: prepositions, besides those that are small words of any language.
    """

    free: frozenset[str] = frozenset()
    negations: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    joining: frozenset[str] = frozenset()
    placing: frozenset[str] = frozenset()


def _by_language() -> dict[str, SmallWords]:
    entries = _LISTED.strip().replace("\n    ", " ").splitlines()
    columns = ([column.strip() for column in entry.split("|")] for entry in entries)
    return {name: SmallWords(*map(word_set, listed)) for name, *listed in columns}


_BY_LANGUAGE = _by_language()


def small_words(languages: Collection[str]) -> SmallWords | None:
    """The small words of the languages together. None where they are known of none."""
    known = [_BY_LANGUAGE[name] for name in languages if name in _BY_LANGUAGE]
    return SmallWords(*(frozenset().union(*column) for column in zip(*known, strict=True))) if known else None
