"""Which language a text may be in, told by its script, its small words and the share of English words."""

from assay.judges.text.languages.identify import OTHER, likely_languages, same_language
from assay.judges.text.languages.scripts import UNSPACED, script
from assay.judges.text.languages.small_words import ALL_SMALL_WORDS

__all__ = ["ALL_SMALL_WORDS", "OTHER", "UNSPACED", "likely_languages", "same_language", "script"]
