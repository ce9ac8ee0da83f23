"""The production file: TOML in, validated settings out.

This module composes the settings of the rooms and puts mistakes into words. It owns no setting of its own beyond the
film's titles, and it reads no recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from pipeline.errors import InputError, ProductionError
from pipeline.film.planning.cut_settings import CutLine, CutSettings
from pipeline.film.planning.own_cards import OwnCardSettings
from pipeline.film.planning.settings import InsertSettings, VideoSettings, file_name_field
from pipeline.picture.language.tags import LanguageTag
from pipeline.production.agreement import check_agreement, check_own_cards, check_songs
from pipeline.production.mistakes import explain_mistakes
from pipeline.production.old_names import old_name_notes
from pipeline.production.places import Lines, absent_template, path_in, place_of
from pipeline.production.production_file import read_with_lines
from pipeline.production.recordings import recordings_at
from pipeline.production.section import ProductionTable, Section
from pipeline.runtime.wording.named_files import absent_hint, safe_file_name, stored_path, swallowed_escape
from pipeline.song.settings import SongSettings
from pipeline.sound.settings import SoundSettings

FILE_NAME = "production.toml"
RECORDINGS_FOLDER = "recordings"
"""Beside the production file: the recordings of sections that name none."""


class Production(ProductionTable):
    """What a production file describes. Paths in it are relative to the file's folder."""

    title: str = Field(min_length=1, max_length=200, description="The film's title.", examples=["My voice"])
    subtitle: str = Field(default="", max_length=300, description="A line below the title.")
    author: str = Field(default="", max_length=200, description="Who made the film.")
    language: LanguageTag = Field(
        default="en", description="Language of all words that the program itself writes (BCP 47)."
    )
    file_name: str | None = file_name_field(
        "the production file's name", "{{ film.title | slug }}-{{ film.duration_s | round | int }}s"
    )
    recording_credit: str = Field(
        default="", max_length=500, description="Whose voice it is, and under which licence; goes into the description."
    )
    templates: str = Field(
        default="templates", max_length=500, description="Folder of your own templates, which shadow the built-in ones."
    )
    video: VideoSettings = VideoSettings()
    sound: SoundSettings = SoundSettings()
    sections: tuple[Section, ...] = Field(alias="section", min_length=1, max_length=50)
    inserts: tuple[InsertSettings, ...] = Field(alias="insert", default=(), max_length=100)
    cards: tuple[OwnCardSettings, ...] = Field(alias="card", default=(), max_length=100)
    songs: tuple[SongSettings, ...] = Field(
        alias="song", default=(), max_length=20, description="Tunes that the recorded and the learned voices sing."
    )
    cuts: tuple[CutSettings, ...] = Field(
        alias="cut", default=(), max_length=20, description="Other lengths and shapes of the film, from the same takes."
    )

    _folder: Path = PrivateAttr(default=Path())
    _file: Path | None = PrivateAttr(default=None)
    _name: str = PrivateAttr(default="film")
    _allow_outside: bool = PrivateAttr(default=False)
    _is_draft: bool = PrivateAttr(default=False)
    _of_cut: CutSettings | None = PrivateAttr(default=None)
    _is_other_length: bool = PrivateAttr(default=False)
    _notes: tuple[str, ...] = PrivateAttr(default=())
    _lines: Lines = PrivateAttr(default_factory=dict)
    _shown_file: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _parts_agree(self) -> Production:
        names = [cut.name.lower() for cut in self.cuts]
        for cut in self.cuts:
            if names.count(cut.name.lower()) > 1:
                raise ValueError(f"two cuts are called '{cut.name}': give each a name of its own")
            if safe_file_name(cut.name) != cut.name:
                raise ValueError(f"'{cut.name}' can't be the name of a folder: choose another for this cut")
        takes = [section.planned_takes for section in self.sections]
        stories = [section.storyboard for section in self.sections]
        check_agreement(takes, self.inserts, self.cuts, self.video, self.section_cards_s)
        check_own_cards(self.cards, self.video, stories, {"insert": len(self.inserts), "song": len(self.songs)})
        check_songs(self.songs, self.cuts, self.video, len(self.sections))
        return self

    @property
    def section_cards_s(self) -> tuple[float, ...]:
        """How long each section shows cards of its own."""
        stories = (section.storyboard for section in self.sections)
        return tuple(story.card_seconds + story.recap_length_s for story in stories)

    @property
    def folder(self) -> Path:
        """Where the production file lies."""
        return self._folder

    @property
    def file(self) -> Path | None:
        """The production file; None where the production was made of values alone."""
        return self._file

    def place(self, *path: str | int) -> str:
        """The file and the line of a value, `section`, 0, `title`, for errors; empty where it has no file."""
        return place_of(path, self._lines, self._shown_file)

    def _path_of_template(self, what: str) -> tuple[str | int, ...]:
        """Where the template is named that an error says is not there."""
        kind, name = absent_template(what)
        if kind == "cards":
            return next((("card", at, "template") for at, one in enumerate(self.cards) if one.template == name), ())
        return {"themes": ("video", "theme"), "layouts": ("video", "layout")}.get(kind, ())

    @contextmanager
    def placing_errors(self) -> Iterator[None]:
        """Add the file and the line to errors whose words name a value of this production."""
        try:
            yield
        except InputError as error:
            path = self._path_of_template(error.what) or path_in(error.where)
            place = self.place(*path) if path else ""
            if place and not error.where.startswith(place.rpartition(", ")[0]):
                error.where = f"{place}: {error.where}"
            raise

    @property
    def name(self) -> str:
        """The production's name, safe as a file's name."""
        return self._name

    @property
    def notes(self) -> tuple[str, ...]:
        """What its author should know of it, such as settings that have another name now."""
        return self._notes

    @property
    def is_draft(self) -> bool:
        """Whether this is the small, quick form of a film."""
        return self._is_draft

    @property
    def cut(self) -> str:
        """The name of the cut that this is; empty for the film itself."""
        return self._of_cut.name if self._of_cut is not None else ""

    @property
    def cut_lines(self) -> tuple[CutLine, ...]:
        """Takes chosen by hand for the cut that this is; none for the film itself."""
        return self._of_cut.take if self._of_cut is not None else ()

    @property
    def has_own_length(self) -> bool:
        """Whether it is trained as its file says, so that iterations named there are those of its takes."""
        return not self._is_draft and not self._is_other_length

    def with_other_length(self, sections: tuple[Section, ...]) -> Production:
        """The same film, with sections that are trained for longer or shorter."""
        other = self.model_copy(update={"sections": sections})
        other._is_other_length = True  # noqa: SLF001 - its own kind
        return other

    def piece_name(self, name: str) -> str:
        """Name a piece of this form of the film, so that its draft and its cuts are remembered beside it."""
        return "/".join([*(["draft"] if self._is_draft else []), *([self.cut] if self.cut else []), name])

    @property
    def templates_folder(self) -> Path | None:
        """The user's own templates, where there are any."""
        if self.templates.isidentifier() and self.templates.isascii() and not lexists(self._folder / self.templates):
            return None  # asked for hundreds of times; other names may be spelt otherwise, or lead elsewhere
        folder = self.resolve(self.templates, "templates")
        return folder if folder.is_dir() else None

    def resolve(self, relative: str, field: str) -> Path:
        """Find a file that the production names.

        Raises
        ------
        ProductionError
            Where it lies outside the production's folder and that was not allowed.
        """
        root = self._folder.resolve()
        try:
            path = stored_path(root, relative).resolve()
            is_there = path.exists()  # a name that is too long for the file system is refused here, not somewhere later
        except (OSError, ValueError, RuntimeError) as error:  # links that go round in circles are RuntimeErrors
            _refuse_swallowed_escape(relative, field)
            raise ProductionError(f"{relative[:60]!r} is not a path.", where=field, expected="a file's path") from error
        if not is_there:  # names may hold tabs and line breaks
            _refuse_swallowed_escape(relative, field)
        if not self._allow_outside and not path.is_relative_to(root):
            raise ProductionError(
                f"'{relative}' lies outside the production's folder.",
                where=f"{field} in {root}",
                expected=f"a path inside {root}",
                hint="Copy the file into the folder; or, if you trust this production, add --allow-outside.",
            )
        return path

    @property
    def picture_path(self) -> Path | None:
        """The film's own picture or logo, where it has one."""
        return self.resolve(self.video.picture, "video, picture") if self.video.picture else None

    def recording_paths(self, section: int) -> tuple[Path, ...]:
        """The recordings of a section, counted from 0; of a folder all that lie in it, and an error where none do.

        A run of another program need not have any.
        """
        return tuple(path for path, _ in self.sound_sources(section))

    def sound_sources(self, section: int) -> tuple[tuple[Path, int | None], ...]:
        """The recordings of a section, counted from 0, and the track that is chosen of each; of a folder, all in it."""
        named, field = self.sections[section].recordings, f"section {section + 1}, recordings"
        if (run := self.sections[section].run) is not None:
            field = f"section {section + 1}, run, recordings"
            places: list[tuple[Path, int | None]] = [(self.resolve(name, field), None) for name in run.recordings]
        else:
            places = [(self.resolve(own.file, field), own.track) for own in named]
            places = places or [(self.resolve(RECORDINGS_FOLDER, field), None)]
        is_folder = not named and run is None
        found = [(one, track) for place, track in places for one in recordings_at(place, is_folder=is_folder)]
        return tuple((self.resolve(str(path), field), track) for path, track in found)

    def draft(self) -> Production:
        """The same film small, and trained for a short while, unless the full training is there already."""
        small = self.model_copy(update={"video": self.video.draft()})
        small._is_draft = True  # noqa: SLF001 - its own kind
        return small

    def sampled_on(self, device: str) -> Production:
        """The same film, with takes made on a device where its sections leave that open."""
        sections = tuple(
            section
            if section.sampling.device != "auto"
            else section.model_copy(update={"sampling": section.sampling.model_copy(update={"device": device})})
            for section in self.sections
        )
        return self.model_copy(update={"sections": sections})

    def for_minutes(self, minutes: float, at_once: int) -> Production:
        """The same film, trained for so many minutes altogether.

        Parameters
        ----------
        minutes
            Of the whole film.
        at_once
            How many networks train at the same time.
        """
        trained = [one for one in self.sections if one.run is None]
        own = minutes * max(1, min(at_once, len(trained))) / max(1, len(trained))
        length = {"minutes": own, "iterations": None, "epochs": None, "clock": "wall"}
        return self.with_other_length(
            tuple(
                one.model_copy(update={"training": one.training.model_copy(update=length)}) if one.run is None else one
                for one in self.sections
            )
        )

    def dressed(self, cut: CutSettings) -> Production:
        """The film in the shape and under the title of a cut; what it shows is still everything."""
        changes = {
            "video": cut.video(self.video, is_draft=self._is_draft),
            "title": self.title if cut.title is None else cut.title,
            "subtitle": self.subtitle if cut.subtitle is None else cut.subtitle,
            "file_name": cut.file_name,
            "inserts": (),
            "cards": (),
            "songs": tuple(self.songs[number] for number in cut.songs_of(len(self.songs))),
            "cuts": (),
        }
        other = self.model_copy(update=changes)
        other._of_cut, other._name = cut, f"{self._name}-{cut.name}"  # noqa: SLF001 - its own kind
        return other


def _refuse_swallowed_escape(relative: str, field: str) -> None:
    if fault := swallowed_escape(relative):
        what, expected, hint = fault
        raise ProductionError(what, where=field, expected=expected, hint=hint)


def load_production(path: Path, *, allow_outside: bool = False) -> Production:
    """Read a production file (or the `production.toml` of a folder).

    Raises
    ------
    ProductionError
        What is wrong, in which field, and what was expected.
    """
    try:
        path = stored_path(Path(), str(path))
        path = path / FILE_NAME if path.is_dir() else path
    except (OSError, ValueError) as error:
        raise ProductionError("This is not a path.", where=str(path)[:200], expected="a production file") from error
    data, lines = read_with_lines(path)
    return production_of(data, path, lines, allow_outside=allow_outside)


def production_of(
    data: Mapping[str, Any], path: Path, lines: Lines = MappingProxyType({}), *, allow_outside: bool = False
) -> Production:
    """The production that a file at a path describes, if it says this; errors as for `load_production`."""
    production = parse_production(data, where=str(path), lines=lines)
    stem = path.stem if path.name != FILE_NAME else path.absolute().parent.name
    production._folder = path.absolute().parent  # noqa: SLF001 - the file's place is known only here
    production._file = path.absolute()  # noqa: SLF001
    production._shown_file, production._lines = path, lines  # noqa: SLF001
    production._name = safe_file_name(stem)  # noqa: SLF001
    production._allow_outside = allow_outside  # noqa: SLF001
    with production.placing_errors():
        for number, section in enumerate(production.sections, start=1):
            for own in section.recordings:
                production.resolve(own.file, f"section {number}, recordings")
        for number, song in enumerate(production.songs, start=1):
            for field, name in song.files:
                production.resolve(name, f"song {number}, {field}")
        _check_templates_folder(production)
        production.resolve(production.video.picture or ".", "video, picture")
    return production


def _check_templates_folder(production: Production) -> None:
    """Find a folder that someone names; the usual one need not be there."""
    folder = production.resolve(production.templates, "templates")
    usual = Production.model_fields["templates"].default
    if production.templates != usual and not folder.is_dir():
        raise ProductionError(
            "There is no such folder of templates.",
            where=f"templates: {folder}",
            expected="a folder with your own templates in it",
            hint=absent_hint(folder) if not folder.exists() else f"This is a file: name its folder, or '{usual}'.",
        )


def parse_production(data: Mapping[str, Any], *, where: str, lines: Lines = MappingProxyType({})) -> Production:
    """Validate what a production file says; the first mistake is reported, the others are counted."""
    try:
        production = Production.model_validate(data)
    except ValidationError as error:
        raise explain_mistakes(error, where, Production, lines) from None
    except RecursionError:
        raise ProductionError("The values are nested too deeply.", where=where, expected="a production") from None
    production._notes = tuple(old_name_notes(data))  # noqa: SLF001 - the names are known only here
    return production
