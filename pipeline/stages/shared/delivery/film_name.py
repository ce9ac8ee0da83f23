"""What the film's files are called: a template of facts in the production file, or the production's own name.

This module owns how such a template is checked before anything is made, and filled in. Whatever the facts say, the name
is one of a file in the film's own folder.
"""

from __future__ import annotations

from typing import Final

from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from pipeline.errors import ProductionError
from pipeline.picture.text.template_checks import FormerName
from pipeline.picture.text.templating import check_text, render_caption
from pipeline.production.schema import Production
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.vocabulary import FILM_FACTS, film_facts
from pipeline.stages.shared.results import Results

_FIELD: Final = "file_name"
_NOWHERE: Final = frozenset('/\\:*?"<>|')
"""What some file system doesn't take in a name. In facts such characters become dashes."""
_ENDING: Final = ".mp4"


def check_film_names(production: Production) -> tuple[FormerName, ...]:
    """Check the templates of the film's name and of its cuts' before anything is made.

    Returns
    -------
    tuple[FormerName, ...]
        Names in them that are others now.

    Raises
    ------
    TemplateError
        A name that isn't among the facts, or what a template may not do.
    ProductionError
        Characters that no file's name may have, or an ending, which the program adds.
    """
    former = () if production.file_name is None else _check(production.file_name, _FIELD)
    for number, cut in enumerate(production.cuts, start=1):
        if cut.file_name is not None:
            former += _check(cut.file_name, f"cut {number} ({cut.name}), {_FIELD}")
    return former


def _check(template: str, where: str) -> tuple[FormerName, ...]:
    former = check_text(template, FILM_FACTS, where)
    written = "".join(part.data for part in SandboxedEnvironment().parse(template).find_all(nodes.TemplateData))
    refused = sorted({one for one in written if one in _NOWHERE or not one.isprintable()})
    if refused:
        raise ProductionError(
            f"A file's name can't have {refused[0]!r} in it.",
            where=where,
            expected="letters, digits, dashes, dots and facts, such as {{ film.title | slug }}",
            hint="-o chooses the folder; cuts lie in folders of their own." if "/" in refused else "",
        )
    if template.lower().endswith(_ENDING):
        raise ProductionError(f"{_ENDING} is added to the name.", where=where, expected=template[: -len(_ENDING)])
    return former


def film_name(production: Production, results: Results) -> str:
    """The name of the film's files, without an ending.

    Raises
    ------
    ProductionError
        Where the facts leave nothing of the name.
    """
    if production.file_name is None:
        return production.name
    where = f"cut '{production.cut}', {_FIELD}" if production.cut else _FIELD
    filled = render_caption(production.file_name, film_facts(production, results, language_of(production)), where)
    name = safe_file_name(filled)
    if not name:
        raise ProductionError(
            "The facts leave nothing of the film's name.", where=where, expected="a letter or a digit"
        )
    return name
