"""Themes: the colours, fonts and line widths of a film, one TOML file each in `templates/themes/`.

This module owns what a theme says and that it can be read by everybody (contrast, colour-vision deficiencies). It
does not know where on the screen anything stands. What someone may not be able to read is a warning, an error only in
a theme with `strict = true`.

    theme = load_theme("midnight")              # or load_theme("mine", own_templates_folder)
    theme.colours.text                          # "#eef2fb"; rgb(theme.colours.text) -> (238, 242, 251)
    theme.line_px("graph", height_px=1080)      # 3.0
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pipeline.errors import TemplateError
from pipeline.picture.theme.contrast import (
    COLOUR_DISTANCE,
    DEFICIENCIES,
    GRAPHIC_CONTRAST,
    TEXT_CONTRAST,
    contrast,
    distance,
    luminance_range,
    rgb,
)
from pipeline.picture.theme.looks import CaptionLook, Ground, PanelLook
from pipeline.picture.theme.template_files import load_template
from pipeline.picture.theme.toml_files import named_at, theme_file, theme_font_files
from pipeline.runtime.resources import find_template

__all__ = ["Colours", "Fonts", "LineWidths", "Theme", "check_theme", "load_theme", "rgb"]

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
Share = Annotated[float, Field(gt=0, le=0.05, allow_inf_nan=False)]
FamilyName = Annotated[str, StringConstraints(min_length=1, max_length=100)]

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


class _ThemeTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Colours(_ThemeTable):
    """What is painted in which colour (sRGB, `#rrggbb`)."""

    background: Colour
    """Behind everything, where the ground has nothing else."""
    panel: Colour
    """The ground of a panel, a shade away from the background."""
    grid: Colour
    """Lines of graphs and tables."""
    text: Colour
    """Words of the first rank."""
    muted: Colour
    """Text of the second rank: labels, units."""
    accent: Colour
    """Small text and marks that ask for attention; readable as text."""
    played: Colour
    """The waveform that has been heard."""
    upcoming: Colour
    """The waveform that is about to come."""
    loud: Colour
    """Loud passages of what is about to come."""
    training_band: Colour
    """From the lowest to the highest training loss of a pixel column."""
    training_mean: Colour
    """The mean of the training loss over each pixel column."""
    validation: Colour
    """The validation loss."""
    playhead: Colour
    """The line that marks now."""
    series: tuple[Colour, ...] = Field(min_length=3, max_length=12)
    """Curves of several networks in one graph, in the order of the sections."""
    spectrum: tuple[Colour, ...] = Field(min_length=2, max_length=16)
    """The spectrogram's colours from silent to loud, evenly spaced."""

    @property
    def diverging(self) -> tuple[str, str]:
        """The colours below and above the middle of numbers that have two signs: a pair that all eyes tell apart."""
        return self.validation, self.training_mean

    def of_section(self, index: int) -> str:
        """The series colour of section number `index`, counted from 0; the colours come round again."""
        return self.series[index % len(self.series)]


class LineWidths(_ThemeTable):
    """Line widths as shares of the frame's height."""

    graph: Share = 0.0028
    """Of curves."""
    grid: Share = 0.00093
    """Of the lines beneath them."""
    playhead: Share = 0.0019
    """Of the line that marks now."""

    @model_validator(mode="before")
    @classmethod
    def _without_old_keys(cls, value: object) -> object:
        """Themes written for earlier versions may have a width of borders, which nothing draws."""
        return {key: one for key, one in value.items() if key != "border"} if isinstance(value, dict) else value


class Fonts(_ThemeTable):
    """Font families (names of `fontpkg` packages), and the user's own font files beside the theme."""

    sans: FamilyName = "inter"
    """Of words and most numbers."""
    mono: FamilyName = "jetbrains-mono"
    """Of what asks for `font = "mono"`."""
    files: tuple[str, ...] = Field(default=(), max_length=16)
    """Font files for characters that the families lack, relative to the theme's templates folder, tried in order."""


class Theme(_ThemeTable):
    """The look of a film. What isn't said of grounds, panels and captions is left out of keys: it looks as ever."""

    name: str = Field(min_length=1, max_length=60)
    """What it is called in messages."""
    strict: bool = Field(default=False, exclude_if=lambda value: not value)
    """Whether colours that someone can't tell apart are an error rather than a warning."""
    colours: Colours
    """Every colour by its role."""
    lines: LineWidths = LineWidths()
    """How wide lines are."""
    fonts: Fonts = Fonts()
    """In which letters words are set."""
    ground: Ground = Field(default=Ground(), exclude_if=lambda value: value == Ground())
    """What lies behind everything."""
    panels: PanelLook = Field(default=PanelLook(), exclude_if=lambda value: value == PanelLook())
    """Grounds of panels."""
    captions: CaptionLook = Field(default=CaptionLook(), exclude_if=lambda value: value == CaptionLook())
    """How captions look where a section asks for no other look."""
    titles: CaptionLook = Field(default=CaptionLook(), exclude_if=lambda value: value == CaptionLook())
    """The sections' titles beside the panels."""
    caption_styles: dict[str, CaptionLook] = Field(default={}, max_length=40, exclude_if=lambda value: not value)
    """Further looks of captions by name, for sections that ask for them; each says all that it wants."""
    font_files: tuple[Path, ...] = Field(default=(), exclude=True)
    """`fonts.files`, found; filled in by `load_theme`."""
    ground_file: Path | None = Field(default=None, exclude=True)
    """`ground.file`, found; filled in by `load_theme`."""
    path: Path | None = Field(default=None, exclude=True)
    """The theme's own file; filled in by `load_theme`."""

    def colour(self, name: str, section: int | None = None) -> str:
        """A colour by its role, or one of its own as it is; `section` stands for the section's own."""
        if name.startswith("#"):
            return name
        if name == "section":
            return self.colours.accent if section is None else self.colours.of_section(section)
        return str(getattr(self.colours, name))

    def without_ground_file(self) -> Theme:
        """The same theme with what lies under the picture or clip of its ground."""
        ground = self.ground.model_copy(update={"file": ""})
        return self.model_copy(update={"ground": ground, "ground_file": None})

    def line_px(self, kind: Literal["graph", "grid", "playhead"], height_px: float) -> float:
        """The width of a kind of line in a frame `height_px` high, at least one pixel."""
        share: float = getattr(self.lines, kind)
        return max(1.0, share * height_px)


def load_theme(name: str, own: Path | None = None) -> Theme:
    """Load `themes/<name>.toml` from the user's own templates folder `own`, else the built-in one, and check it.

    Raises
    ------
    TemplateError
        No such theme, a broken file, a missing font or picture; of a strict theme, colours that look alike.
    """
    path = find_template(f"themes/{name}.toml", own)
    theme = load_template(f"themes/{name}.toml", own, Theme)
    found = {
        "font_files": theme_font_files(theme.fonts.files, path),
        "ground_file": theme_file(theme.ground.file, path, what="clip" if theme.ground.is_clip else "picture")
        if theme.ground.file
        else None,
    }
    theme = theme.model_copy(update={**found, "path": path})
    refuse_faults(theme, check_theme(theme), str(path))
    return theme


def refuse_faults(theme: Theme, faults: Iterable[str], where: str) -> None:
    """Refuse a strict theme in which someone can't tell colours apart.

    Raises
    ------
    TemplateError
        The first fault.
    """
    found = list(faults) if theme.strict else []
    if found:
        colours = _COLOUR.findall(found[0])
        said = [named_at(theme.path, colour) for colour in colours] if theme.path is not None else []
        raise TemplateError(
            f"The theme '{theme.name}' can't be read by everybody: {found[0]}.",
            where=next((place for place in said if place != str(theme.path)), where),
            expected=f"text {TEXT_CONTRAST:g}:1, graphics {GRAPHIC_CONTRAST:g}:1, curves that all eyes tell apart",
            hint=f"Change one of the two colours.{f' {len(found) - 1} more such pairs.' if len(found) > 1 else ''}",
        )


def check_theme(theme: Theme) -> Iterator[str]:
    """Yield every pair of colours that someone can't tell apart, in words with figures; none for a good theme."""
    yield from _contrast_faults(theme.colours)
    yield from _word_faults(theme)
    yield from _distance_faults(theme.colours)


def _contrast_faults(colours: Colours) -> Iterator[str]:
    named = {
        name: getattr(colours, name)
        for name in ("played", "upcoming", "loud", "training_mean", "validation", "playhead")
    }
    named |= {f"series {index + 1}": colour for index, colour in enumerate(colours.series)}
    texts = {name: getattr(colours, name) for name in ("text", "muted", "accent")}
    wanted = [(texts, TEXT_CONTRAST), (named, GRAPHIC_CONTRAST)]
    for (inks, least), ground in itertools.product(wanted, ("background", "panel")):
        for name, ink in inks.items():
            ratio = contrast(ink, getattr(colours, ground))
            if ratio < least:
                yield f"{name} {ink} on {ground} {getattr(colours, ground)} has a contrast of {ratio:.1f}:1"


def _word_faults(theme: Theme) -> Iterator[str]:
    """Words on a gradient, and captions in colours of their own."""
    inks = {name: getattr(theme.colours, name) for name in ("text", "muted", "accent")}
    pairs = [
        (f"{name} {one}", one, f"the gradient's {end}", end)
        for name, one in inks.items()
        for end in theme.ground.gradient
    ]
    looks = {"captions": theme.captions, "titles": theme.titles} | {
        f"caption_styles.{name}": look for name, look in theme.caption_styles.items()
    }
    for name, look in looks.items():
        one = theme.colour(look.colour)
        boxed = look.box is not None and look.box_opacity > 0.5  # noqa: PLR2004 (the box is what words stand on)
        ground = theme.colour(look.box) if look.box is not None and boxed else theme.colours.background
        if look.colour not in inks or boxed:
            pairs.append((f"{name} {one}", one, f"{'box' if boxed else 'background'} {ground}", ground))
    for what, one, on, ground in pairs:
        if (ratio := contrast(one, ground)) < TEXT_CONTRAST:
            yield f"{what} on {on} has a contrast of {ratio:.1f}:1"


def check_ground_picture(theme: Theme, picture: npt.NDArray[np.uint8]) -> Iterator[str]:
    """Yield every colour of words that can't be read on the drawn ground, sRGB (h, w, 3), in words with figures."""
    ends = dict(zip(("darkest", "brightest"), luminance_range(picture), strict=True))
    for name in ("text", "muted", "accent"):
        one = getattr(theme.colours, name)
        seen = {end: contrast(one, colour) for end, colour in ends.items()}
        worst = min(seen, key=lambda end: seen[end])
        if seen[worst] < TEXT_CONTRAST:
            yield (
                f"{name} {one} on the {worst} parts of the ground {ends[worst]} has a contrast of {seen[worst]:.1f}:1; "
                "a larger ground.darken helps"
            )


def _distance_faults(colours: Colours) -> Iterator[str]:
    series = {f"series {index + 1}": colour for index, colour in enumerate(colours.series)}
    pairs = [(first, second) for first, second in itertools.combinations(series.items(), 2)]
    for first, second in (("training_mean", "validation"), ("played", "upcoming"), ("upcoming", "loud")):
        pairs.append(((first, getattr(colours, first)), (second, getattr(colours, second))))
    for (first, one), (second, other) in pairs:
        seen = {deficiency: distance(one, other, deficiency) for deficiency in DEFICIENCIES}
        worst = min(seen, key=lambda deficiency: seen[deficiency])
        if seen[worst] < COLOUR_DISTANCE:
            yield (
                f"{first} {one} and {second} {other} look alike with {worst} "
                f"(distance {seen[worst]:.1f}, at least {COLOUR_DISTANCE:g} is needed)"
            )
