"""Irregular verbs by their base: a negation turns `she won` into `she did not win`."""

from __future__ import annotations

from assay.judges.text.words import stem

_IRREGULAR = """
arise arose arisen|awake awoke awoken|bear borne|beat beaten|become became|begin began begun|bend bent|bite bit bitten
bleed bled|blow blew blown|break broke broken|breed bred|bring brought|build built|burn burnt|buy bought|catch caught
choose chose chosen|come came|creep crept|deal dealt|dig dug|draw drew drawn|dream dreamt|drink drank drunk
drive drove driven|eat ate eaten|fall fell fallen|feed fed|feel felt|fight fought|find found|flee fled|fly flew flown
forbid forbade forbidden|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|get got gotten
give gave given|go went gone|grow grew grown|hang hung|have has had|hear heard|hide hid hidden|hold held|keep kept
kneel knelt|know knew known|lead led|leap leapt|learn learnt|lend lent|lose lost|make made|mean meant|meet met
pay paid|prove proven|ride rode ridden|ring rang rung|rise rose risen|run ran|say said|see saw seen|seek sought
sell sold|send sent|shake shook shaken|shine shone|shoot shot|show shown|shrink shrank shrunk|sing sang sung
sink sank sunk|sit sat|sleep slept|slide slid|speak spoke spoken|spell spelt|spend spent|spin spun|stand stood
steal stole stolen|stick stuck|sting stung|strike struck|swear swore sworn|sweep swept|swim swam swum|swing swung
take took taken|teach taught|tear tore torn|tell told|think thought|throw threw thrown|understand understood
wake woke woken|wear wore worn|weave wove woven|weep wept|win won|withdraw withdrew withdrawn|write wrote written
"""
"""The base of each verb with its other forms, e.g. `win won`. `Left` is not here, as it mostly is a side."""

_BASES = {
    stem(form): stem(forms[0])
    for forms in (group.split() for group in _IRREGULAR.replace("\n", "|").strip("|").split("|"))
    for form in forms
}


def base_of(stem_: str) -> str:
    """The stem of the base of an irregular verb; any other stem as it is."""
    return _BASES.get(stem_, stem_)
