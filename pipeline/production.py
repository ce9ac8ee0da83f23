"""The production file: TOML in, validated settings out.

This module composes the settings of the rooms and puts mistakes into words. It owns no setting of its own beyond the
film's titles, and it reads no recording.
"""

from __future__ import annotations

import re
import tomllib
import types
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from pipeline.errors import ProductionError
from pipeline.film.cuts import CutSettings
from pipeline.film.settings import InsertSettings, StoryboardSettings, VideoSettings
from pipeline.learning.auto_network import AUTO, Auto
from pipeline.learning.network import LstmSettings, NetworkSettings
from pipeline.learning.recipe import TrainingSettings
from pipeline.learning.sampling import SamplingSettings
from pipeline.recordings import MOST_RECORDINGS, nothing_recorded, recordings_in
from pipeline.sound.settings import CorpusSettings, SoundSettings

FILE_NAME = "production.toml"
RECORDINGS_FOLDER = "recordings"
"""Beside the production file: what sections have heard that name no recordings."""
_LARGEST_BYTES = 1_000_000
_LONG_MINUTES = 60.0
"""From here on there is time to learn the higher rate."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Section(_Part):
    """One network's part of the film."""

    title: str = Field(min_length=1, max_length=200)
    recordings: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_RECORDINGS,
        description="anything ffmpeg reads, and folders of it; without: all that lies in recordings/",
    )
    corpus: CorpusSettings = CorpusSettings()
    network: NetworkSettings | Auto = Field(
        LstmSettings(), description="or 'auto': chosen for the length of the recording, the minutes and this machine"
    )
    training: TrainingSettings = TrainingSettings()
    sampling: SamplingSettings = SamplingSettings()
    storyboard: StoryboardSettings = StoryboardSettings()

    @model_validator(mode="before")
    @classmethod
    def _rate_for_a_chosen_network(cls, data: object) -> object:
        """Where the network is chosen, so is what it hears, unless that is set: bytes that it can learn in its time."""
        if not isinstance(data, dict) or data.get("network") != AUTO:
            return data
        corpus, training = data.get("corpus", {}), data.get("training", {})
        if not isinstance(corpus, dict) or not isinstance(training, dict):
            return data
        minutes = training.get("minutes", 0.0)
        long = isinstance(minutes, int | float) and minutes > _LONG_MINUTES
        usual = {"sample_rate_hz": 11025 if long else 8000, "encoding": "mu-law", "trim_silence": True}
        return {**data, "corpus": {**usual, **corpus}}

    @field_validator("network", mode="before")
    @classmethod
    def _lstm_unless_said(cls, value: object) -> object:
        return {"kind": "lstm", **value} if isinstance(value, dict) else value

    @model_validator(mode="before")
    @classmethod
    def _lines_belong_to_the_storyboard(cls, data: object) -> object:
        """Let [[section.take]] stand for [[section.storyboard.take]], and so for captions."""
        if not isinstance(data, dict) or not isinstance(data.get("storyboard", {}), dict):
            return data
        section = dict(data)
        lines = {name: section.pop(name) for name in ("take", "caption") if name in section}
        if not lines:
            return data
        storyboard = dict(section.get("storyboard", {}))
        for name in lines.keys() & storyboard.keys():
            raise ValueError(f"{name}s stand both in [[section.{name}]] and in storyboard.{name}: keep one of them")
        return {**section, "storyboard": {**storyboard, **lines}}


class Production(_Part):
    """What a production file describes. Paths in it are relative to the file's folder."""

    title: str = Field(min_length=1, max_length=200)
    subtitle: str = Field(default="", max_length=300)
    author: str = Field(default="", max_length=200)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="of the captions")
    recording_credit: str = Field(default="", max_length=500, description="whose voice, under which licence")
    templates: str = Field(default="templates", max_length=500, description="your own templates shadow the built-in")
    video: VideoSettings = VideoSettings()
    sound: SoundSettings = SoundSettings()
    sections: tuple[Section, ...] = Field(alias="section", min_length=1, max_length=50)
    inserts: tuple[InsertSettings, ...] = Field(alias="insert", default=(), max_length=100)
    cuts: tuple[CutSettings, ...] = Field(
        alias="cut", default=(), max_length=20, description="other lengths and shapes, from the same takes"
    )

    _folder: Path = PrivateAttr(default=Path())
    _name: str = PrivateAttr(default="film")
    _allow_outside: bool = PrivateAttr(default=False)
    _is_draft: bool = PrivateAttr(default=False)
    _cut: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _cuts_are_of_this_film(self) -> Production:
        names = [cut.name.lower() for cut in self.cuts]
        for cut in self.cuts:
            if names.count(cut.name.lower()) > 1:
                raise ValueError(f"two cuts are called '{cut.name}': give each a name of its own")
            if safe_file_name(cut.name) != cut.name:
                raise ValueError(f"'{cut.name}' is no name for a folder: choose another for this cut")
            numbers = [line.section for line in cut.take]
            numbers += cut.sections if isinstance(cut.sections, tuple) else ()
            if max(numbers, default=1) > len(self.sections):
                raise ValueError(
                    f"the cut '{cut.name}' names section {max(numbers)}, and there are {len(self.sections)}"
                )
            if cut.seconds < (needed_s := cut.shortest_s(len(self.sections))):
                raise ValueError(
                    f"the cut '{cut.name}' needs {needed_s:g} s for its sections and its title, and has "
                    f'{cut.seconds:g} s: set more seconds, or fewer sections, such as sections = "best"'
                )
        return self

    @property
    def folder(self) -> Path:
        """Where the production file lies."""
        return self._folder

    @property
    def name(self) -> str:
        """The production's name, safe as a file's name."""
        return self._name

    @property
    def is_draft(self) -> bool:
        """Whether this is the small, quick form of a film."""
        return self._is_draft

    @property
    def cut(self) -> str:
        """The name of the cut that this is; empty for the film itself."""
        return self._cut

    def piece_name(self, name: str) -> str:
        """Name a piece of this form of the film, so that its draft and its cuts are remembered beside it."""
        return "/".join([*(["draft"] if self._is_draft else []), *([self._cut] if self._cut else []), name])

    @property
    def templates_folder(self) -> Path | None:
        """The user's own templates, where there are any."""
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
            path = (root / relative).resolve()
            path.exists()  # a name that is too long for the file system is refused here, not somewhere later
        except (OSError, ValueError, RuntimeError) as error:  # links that go round in circles are RuntimeErrors
            raise ProductionError(f"{relative[:60]!r} is no path.", where=field, expected="a file's path") from error
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
        """The recordings of a section, counted from 0; of a folder, all that lie in it.

        Raises
        ------
        ProductionError
            Where one lies outside the production's folder and that was not allowed.
        RecordingError
            Where a folder has none, or far too many.
        """
        field = f"section {section + 1}, recordings"
        found: list[Path] = []
        for name in self.sections[section].recordings or (RECORDINGS_FOLDER,):
            path = self.resolve(name, field)
            if path.is_dir() or not self.sections[section].recordings:
                inside = recordings_in(path)
                if not inside:
                    raise nothing_recorded(path)
                found += [self.resolve(str(one), field) for one in inside]
            else:
                found.append(path)
        return tuple(found)

    def draft(self) -> Production:
        """The same film small, and trained for a short while, unless the full training is there already."""
        small = self.model_copy(update={"video": self.video.draft()})
        small._is_draft = True  # noqa: SLF001 - its own kind
        return small

    def for_minutes(self, minutes: float, at_once: int) -> Production:
        """The same film, trained for so many minutes altogether.

        Parameters
        ----------
        minutes
            Of the whole film.
        at_once
            How many networks train at the same time.
        """
        own = minutes * max(1, min(at_once, len(self.sections))) / len(self.sections)
        length = {"minutes": own, "iterations": None, "epochs": None, "clock": "wall"}
        sections = tuple(
            section.model_copy(update={"training": section.training.model_copy(update=length)})
            for section in self.sections
        )
        return self.model_copy(update={"sections": sections})

    def dressed(self, cut: CutSettings) -> Production:
        """The film in the shape and under the title of a cut; what it shows is still everything."""
        changes = {
            "video": cut.video(self.video, is_draft=self._is_draft),
            "title": self.title if cut.title is None else cut.title,
            "subtitle": self.subtitle if cut.subtitle is None else cut.subtitle,
            "inserts": (),
            "cuts": (),
        }
        other = self.model_copy(update=changes)
        other._cut, other._name = cut.name, f"{self._name}-{cut.name}"  # noqa: SLF001 - its own kind
        return other


def safe_file_name(text: str) -> str:
    """Make a name that every file system takes: letters, digits, dots, dashes; never hidden, never an option."""
    name = re.sub(r"[^\w.-]+", "-", text, flags=re.UNICODE).strip(".-_")[:80]
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    return f"film-{name}" if reserved or not name else name


def load_production(path: Path, *, allow_outside: bool = False) -> Production:
    """Read a production file (or the `production.toml` of a folder).

    Raises
    ------
    ProductionError
        What is wrong, in which field, and what was expected.
    """
    try:
        path = path / FILE_NAME if path.is_dir() else path
    except (OSError, ValueError) as error:
        raise ProductionError("This is no path.", where=str(path)[:200], expected="a production file") from error
    data = _read_toml(path)
    production = parse_production(data, where=str(path))
    stem = path.stem if path.name != FILE_NAME else path.absolute().parent.name
    production._folder = path.absolute().parent  # noqa: SLF001 - the file's place is known only here
    production._name = safe_file_name(stem)  # noqa: SLF001
    production._allow_outside = allow_outside  # noqa: SLF001
    for number, section in enumerate(production.sections, start=1):
        for name in section.recordings:
            production.resolve(name, f"section {number}, recordings")
    production.resolve(production.templates, "templates")
    production.resolve(production.video.picture or ".", "video, picture")
    return production


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise ProductionError(
            "There is no such production file.",
            where=str(path),
            expected="a TOML file, or a folder with a production.toml in it",
            hint="build-video init FOLDER makes one to begin with.",
        ) from None
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        why = error.strerror if isinstance(error, OSError) else "this is no file's name"
        raise ProductionError(
            f"The production file can't be read: {why}.", where=str(path)[:1000], expected="a readable file"
        ) from error
    if len(raw) > _LARGEST_BYTES:
        raise ProductionError("The production file is far too large.", where=str(path), expected="less than 1 MB")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # text that is not UTF-8 and numbers of 5000 digits are ValueErrors
        told = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ProductionError(
            f"The production file is not valid TOML: {told}.",
            where=str(path),
            expected='lines such as: title = "My film"',
            hint="Look at the line named above; text needs quotes, lists need brackets.",
        ) from error


def parse_production(data: Mapping[str, Any], *, where: str) -> Production:
    """Validate what a production file says; the first mistake is told, the others are counted."""
    try:
        return Production.model_validate(data)
    except ValidationError as error:
        raise _explain(error, where) from None
    except RecursionError:
        raise ProductionError("The values are nested too deeply.", where=where, expected="a production") from None


def _explain(error: ValidationError, where: str) -> ProductionError:
    found = error.errors(include_url=False, include_context=False)
    places = [mistake["loc"] for mistake in found]
    # pydantic also counts a list as too short whose items were refused: that is no mistake of its own.
    inner = {place[:depth] for place in places for depth in range(len(place))}
    mistakes = [mistake for mistake in found if mistake["loc"] not in inner] or found
    # An unknown key often causes a missing one: name it first.
    first = next((mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"), mistakes[0])
    field = _field_name(first["loc"])
    more = f" ({len(mistakes) - 1} more after this one)" if len(mistakes) > 1 else ""
    place = f"{where}: {field}{more}" if field else f"{where}{more}"
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"], place)
    if first["type"] == "missing":
        return ProductionError(f"'{field}' is missing.", where=place, expected=f"a line such as: {field} = ...")
    if first["type"] == "union_tag_invalid":
        return ProductionError("There is no such kind of network.", where=place, expected="'lstm' or 'tiered-lstm'")
    given = repr(first.get("input"))
    shown = given if len(given) <= 60 else given[:57] + "..."  # noqa: PLR2004 - one readable line
    message = first["msg"].removeprefix("Value error, ")
    if isinstance(first.get("input"), dict):
        return ProductionError(f"These values don't go together: {message}.", where=place, hint="Correct them.")
    return ProductionError(f"'{field}' can't be {shown}.", where=place, expected=message[0].lower() + message[1:])


def _field_name(location: tuple[int | str, ...]) -> str:
    """Put pydantic's location as a person counts: sections from 1, no names of alternatives."""
    words: list[str] = []
    model: object = Production
    for step in location:
        if isinstance(step, int):
            words[-1:] = [f"{words[-1]} {step + 1}"] if words else [str(step + 1)]
        elif (inner := _step_into(model, step)) is not None:
            model = inner
            words.append(step)
        elif step not in {"lstm", "tiered-lstm"} and not re.search(
            r"[\[\]()]|function-|^(tuple|int|str|float|constrained-.*|literal.*)$", step
        ):
            words.append(step)
    return ".".join(words)


def _step_into(annotation: object, key: str) -> object | None:
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
    return None


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (tuple, list, Union, types.UnionType, Annotated):
        return [model for inner in get_args(annotation) for model in _models(inner)]
    return []


def _unknown_key(location: tuple[int | str, ...], place: str) -> ProductionError:
    model: object = Production
    for step in location[:-1]:
        if isinstance(step, str):
            narrowed = [
                m for m in _models(model) if "kind" in m.model_fields and m.model_fields["kind"].default == step
            ]
            model = narrowed[0] if narrowed else (_step_into(model, step) or model)
    known = sorted({f.alias or name for m in _models(model) for name, f in m.model_fields.items()})
    key = str(location[-1])
    close = get_close_matches(key, known, n=1, cutoff=0.5)
    return ProductionError(
        f"There is no setting '{key}'.",
        where=place,
        expected=f"'{close[0]}'?" if close else f"one of {', '.join(known)}",
        hint="Correct or remove this key; build-video schema lists all settings.",
    )
