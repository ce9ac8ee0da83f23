"""Names of files that a person asks for with facts in them: `{{ section.title }}-{{ take.iteration }}.gif`.

The facts are those of the film at one frame. Whatever they say, the name is one of a file in the folder that was named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.errors import InputError
from pipeline.film.timeline.timeline import SceneClip
from pipeline.outputs.looking import Look, timeline_of
from pipeline.picture.sandbox.values import plain
from pipeline.picture.text.fact_shapes import Shape
from pipeline.picture.text.templating import check_text, render_caption
from pipeline.runtime.wording.named_files import safe_file_name
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.section import SectionTable
from pipeline.stages.shared.facts.vocabulary import FILM_FACTS, SECTION_FACTS, film_facts, section_facts

_OPENING: Final = ("{{", "{%")


def named_file(shown: Look, path: Path, frame: int, where: str) -> Path:
    """Fill the facts of a frame into a file's name; a name without braces stays as it is.

    Raises
    ------
    TemplateError
        A name that isn't among the facts.
    InputError
        Where nothing is left of the name.
    """
    text = str(path)
    first = min((at for at in map(text.find, _OPENING) if at >= 0), default=-1)
    if first < 0:
        return path
    folder, template = text[: text.rfind("/", 0, first) + 1], text[text.rfind("/", 0, first) + 1 :]
    stem, dot, ending = template.rpartition(".")
    facts, names = film_facts(shown.production, shown.results, language_of(shown.production)), FILM_FACTS
    clip = timeline_of(shown.results).clip_at(frame)
    section: int | None = getattr(clip, "section", None)
    if section is not None:
        sounds = clip.sounds if isinstance(clip, SceneClip) else ()
        heard = next((sound.iteration for sound in sounds if sound.start_frame <= frame < sound.end_frame), None)
        facts, names = section_facts(facts, section), SECTION_FACTS
        if heard is not None:
            language = language_of(shown.production)
            facts["take"] = plain(
                SectionTable(shown.production, shown.results, section, language).take_of(heard).values()
            )
    name = safe_file_name(_filled(stem if dot else template, facts, names, where))
    if not name:
        raise InputError("Nothing is left of the file's name.", where=where, expected="{{ film.name }}")
    return Path(folder) / f"{name}{dot}{ending if dot else ''}"


def _filled(template: str, facts: dict[str, object], names: Shape, where: str) -> str:
    check_text(template, names, where)
    return render_caption(template, facts, where)
