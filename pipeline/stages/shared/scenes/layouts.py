"""Which layout each section is shown in: the film's, one of its own, or its kin that is made for the frame's shape.

    layout_name(production, section=2)            # "inside"; in a portrait cut "inside-portrait"
    shows_network(production, section=2)          # True: its takes are sampled with traces

A cut's sections are shown in the cut's layout; one with a layout of its own keeps it where that, or its kin, is made
for the cut's shape.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ProductionError, TemplateError
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.film.planning.settings import VideoSettings
from pipeline.film.planning.shapes import check_shape, fits, fitting_layout
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.film_language import language_of

if TYPE_CHECKING:
    from pipeline.picture.panels.layout import SceneLayout


def layout_name(production: Production, section: int | None = None) -> str:
    """Name the layout of a section, counted from 0, or of the film where None is given.

    Raises
    ------
    TemplateError
        Where there is no such layout, or one that can't be used.
    """
    video, own = production.video, production.templates_folder
    chosen = production.sections[section].layout if section is not None else None
    if chosen is None:
        return _for_shape(video.layout, video, own)
    name = _for_shape(chosen, video, own)
    if production.cut and not fits(_load(name, own).shape, video.width, video.height):
        return layout_name(production)
    return name


def section_layout(production: Production, section: int | None = None) -> SceneLayout:
    """Load the layout of a section, counted from 0, or of the film (None); raises as `layout_name` does."""
    return _load(layout_name(production, section), production.templates_folder)


def song_layout_name(production: Production, song: int) -> str:
    """Name the layout of a song, counted from 0, for frames of the film's shape; raises as `layout_name` does."""
    video = production.video
    return _for_shape(production.songs[song].layout, video, production.templates_folder)


def song_layout(production: Production, song: int) -> SceneLayout:
    """Load the layout of a song, counted from 0."""
    return _load(song_layout_name(production, song), production.templates_folder)


def check_layouts(production: Production) -> None:
    """Check that the film's layout and those of its sections can be used in frames of this shape.

    Raises
    ------
    TemplateError
        Where there is no such layout, or one that can't be used.
    ProductionError
        Where it is made for another shape, or shows the network of a section that was trained by another program.
    """
    from pipeline.stages.shared.scenes.texts import check_texts  # noqa: PLC0415 - brings a compiler along

    video = production.video
    own = [number for number, section in enumerate(production.sections) if section.layout is not None]
    for section in (None, *own):
        name = layout_name(production, section)
        layout = _load(name, production.templates_folder).worded(language_of(production))
        check_texts(layout)
        where = "video: layout, width, height" if section is None else f"section {section + 1}, layout"
        try:
            check_shape(name, layout.shape, video.width, video.height)
        except ValueError as error:
            what = str(error)
            raise ProductionError(f"{what[0].upper()}{what[1:]}.", where=where) from None
    for song in range(len(production.songs)):
        name, layout = song_layout_name(production, song), song_layout(production, song)
        try:
            check_shape(name, layout.worded(language_of(production)).shape, video.width, video.height)
        except ValueError as error:
            what = str(error)
            raise ProductionError(f"{what[0].upper()}{what[1:]}.", where=f"song {song + 1}, layout") from None
    for number, section_settings in enumerate(production.sections):
        if section_settings.run is not None and section_layout(production, number).shows_network:
            _refuse_traces_of_run(production, number)


def _refuse_traces_of_run(production: Production, section: int) -> None:
    name, title = layout_name(production, section), production.sections[section].title
    usual = fitting_layout(production.video.width, production.video.height)
    raise ProductionError(
        f"The layout '{name}' shows what a network expects while it is sampled, and section {section + 1} ({title}) is "
        "a run of another program, of which nothing like that is known.",
        where=f"section {section + 1}, layout",
        expected="a layout without the panels expectation and activity",
        hint=f'Write layout = "{usual}" in that section.',
    )


def shows_network(production: Production, section: int) -> bool:
    """Whether the film, or a cut of it, shows what the network of a section, counted from 0, expects and computes.

    A cut whose layout can't be used shows nothing: making the cut raises the error.
    """
    if section_layout(production, section).shows_network:
        return True
    for cut in (cut for cut in production.cuts if _may_show(cut, section)):
        with suppress(TemplateError):
            if section_layout(production.dressed(cut), section).shows_network:
                return True
    return False


def _may_show(cut: CutSettings, section: int) -> bool:
    if cut.take:
        return section + 1 in {line.section for line in cut.take}
    return not isinstance(cut.sections, tuple) or section + 1 in cut.sections


def _for_shape(name: str, video: VideoSettings, own: Path | None) -> str:
    """Name a layout's kin for the frame's shape, such as `inside-portrait`; itself where it fits or has none."""
    if fits(_load(name, own).shape, video.width, video.height):
        return name
    with suppress(TemplateError):
        kin = f"{name}-{fitting_layout(video.width, video.height)}"
        _load(kin, own)
        return kin
    return name


def _load(name: str, own: Path | None) -> SceneLayout:
    from pipeline.picture.panels.layout import (  # noqa: PLC0415 - brings a compiler along, which who samples never needs
        load_layout,
    )

    return load_layout(name, own)
