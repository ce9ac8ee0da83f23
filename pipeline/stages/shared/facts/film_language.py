"""The language of a production's film."""

from __future__ import annotations

from pipeline.picture.language import Language, load_language
from pipeline.production.schema import Production


def language_of(production: Production) -> Language:
    """Load the words of a production's language.

    Raises
    ------
    TemplateError
        Where a word list can't be used.
    """
    return load_language(production.language, production.templates_folder)
