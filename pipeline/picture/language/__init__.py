"""The language of a film: every word that the program itself draws or writes, its numbers, units and direction.

A `Language` is a frozen value that is passed to whatever draws or writes; worker processes receive it too. Word lists
are template files, `languages/<tag>.toml`; numbers, plural categories, units and direction come from Babel (the Unicode
CLDR). This package does not know where words stand. Messages to the terminal are English and don't come from here.

    language = load_language("de-CH", own_templates_folder)
    language.text("chapter.credits")                          # "Abspann"
    language.text("count.iteration", count=1200)              # 1200 in Swiss digits, and Iterationen
"""

from pipeline.picture.language.language import Language, english
from pipeline.picture.language.loading import load_language

__all__ = ["Language", "english", "load_language"]
