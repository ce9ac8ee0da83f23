"""Layouts: which panels a scene has and where they stand, one TOML file each in `templates/layouts/`.

This module owns the list of kinds of panels: a new kind is a module with its settings and its drawing, and a name in
`PANELS`. It does not draw.

    layout = load_layout("landscape")             # or load_layout("mine", own_templates_folder)
    layout.panel[0].box(1920, 1080)               # PixelBox(left=0, top=194, width=1920, height=320), even numbers
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, get_args

from pydantic import Field, model_validator

from pipeline.picture.language import Language
from pipeline.picture.panels.counters import CountersPanel, CountersSettings
from pipeline.picture.panels.graphs.line_graph import LossGraphPanel
from pipeline.picture.panels.network.activity import ActivityPanel
from pipeline.picture.panels.network.expectation import ExpectationPanel
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.progress_bar import ProgressPanel
from pipeline.picture.panels.room import without
from pipeline.picture.panels.scene_data import NETWORK_FIELDS
from pipeline.picture.panels.settings import ROUNDING, LayoutSettings, PanelSettings, TextPanelSettings
from pipeline.picture.panels.song.lyrics import LyricsPanel
from pipeline.picture.panels.song.piano_roll import PianoRollPanel
from pipeline.picture.panels.song.picture import SongPicturePanel
from pipeline.picture.panels.sound.oscilloscope import OscilloscopePanel
from pipeline.picture.panels.sound.spectrogram import SpectrogramPanel
from pipeline.picture.panels.sound.waveform import WaveformPanel
from pipeline.picture.panels.still_picture import PicturePanel, PictureSettings
from pipeline.picture.panels.template_text import TemplateTextPanel
from pipeline.picture.panels.words import CaptionPanel, SpeedPanel, TitlePanel
from pipeline.picture.text.direction import reads_right_to_left
from pipeline.picture.theme.picture_files import own_picture
from pipeline.picture.theme.template_files import load_template
from pipeline.runtime.resources import find_template

PANELS: Final[tuple[type[ScenePanel[Any]], ...]] = (
    WaveformPanel,
    SpectrogramPanel,
    OscilloscopePanel,
    ExpectationPanel,
    ActivityPanel,
    LossGraphPanel,
    CountersPanel,
    CaptionPanel,
    TitlePanel,
    SpeedPanel,
    ProgressPanel,
    PicturePanel,
    SongPicturePanel,
    PianoRollPanel,
    LyricsPanel,
    TemplateTextPanel,
)
"""Every kind of panel."""

if TYPE_CHECKING:
    AnyPanel: TypeAlias = PanelSettings
else:
    AnyPanel = Annotated[reduce(or_, (panel.settings_type for panel in PANELS)), Field(discriminator="kind")]

_HEADER: Final = frozenset({"title", "picture", "counters"})
"""The kinds of panels above what shows time."""
_DRAWN_BY: Final = {
    kind: panel for panel in PANELS for kind in get_args(panel.settings_type.model_fields["kind"].annotation)
}


class SceneLayout(LayoutSettings):
    """A scene's panels, drawn in order."""

    panel: Annotated[tuple[AnyPanel, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _texts_apart(self) -> SceneLayout:
        texts = [panel for panel in self.panel if isinstance(panel, TextPanelSettings)]
        for index, one in enumerate(texts):
            for two in texts[index + 1 :]:
                if _overlap(one, two):
                    raise ValueError(f"text panels apart: '{one.kind}' and '{two.kind}' overlap")
        return self

    def worded(self, language: Language) -> SceneLayout:
        """The layout with its panels' words in a language.

        Raises
        ------
        TemplateError
            Where a panel names a word that is not there.
        """
        where = f"layouts/{self.name}.toml"
        return self.model_copy(update={"panel": tuple(panel.worded(language, where) for panel in self.panel)})

    def arranged(
        self, picture: tuple[int, int] | None, frame: tuple[int, int], absent: frozenset[str] = frozenset()
    ) -> SceneLayout:
        """The layout for a film with a picture (width, height), or without one, in a frame (width, height).

        Panels of the kinds in `absent` are left out, and others get their room.
        """
        panels = [panel for panel in self.panel if not isinstance(panel, PictureSettings) or panel.size_of(picture)]
        panels = [*without(panels, absent)]
        for still in [panel for panel in panels if isinstance(panel, PictureSettings) and panel.beside]:
            for index, panel in enumerate(panels):
                size = still.size_of(picture)
                if size and panel.kind == still.beside:
                    left = max(panel.left, still.left + still.width_for(size, frame) + still.gap)
                    width = max(panel.left + panel.width - left, 0.1 * panel.width)
                    panels[index] = panel.model_copy(update={"left": left, "width": width})
        return self.model_copy(update={"panel": tuple(panels)})

    def mirrored(self, title: str) -> SceneLayout:
        """The same with its title, picture and counters from right to left, where nothing else is in their way.

        Time goes from left to right in every language: what shows it stays. `title` is the section's own.
        """
        turned = [_turned(panel, title) if panel.kind in _HEADER else panel for panel in self.panel]
        header, others = (
            [panel for panel in turned if (panel.kind in _HEADER) == is_header] for is_header in (True, False)
        )
        in_the_way = any(_overlap(one, two) for one in header for two in others)
        return self if in_the_way else self.model_copy(update={"panel": tuple(turned)})

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The files of its own pictures."""
        return tuple(one.path for one in self.panel if isinstance(one, PictureSettings) and one.path is not None)

    def with_pictures(self, template: Path) -> SceneLayout:
        """The same with its pictures found; `template` is its file.

        Raises
        ------
        TemplateError
            Where one is not there, outside the templates folder, or no picture.
        """
        found: list[PanelSettings] = []
        for number, one in enumerate(self.panel, start=1):
            if isinstance(one, PictureSettings):
                path = own_picture(one.file, template, f"panel {number}, file", "layout")
                found.append(one.model_copy(update={"path": path}))
            else:
                found.append(one)
        return self.model_copy(update={"panel": tuple(found)})

    @property
    def shows_network(self) -> bool:
        """Whether its panels show what is recorded of a network while it generates."""
        return not self.reads.isdisjoint(NETWORK_FIELDS)

    @property
    def reads(self) -> frozenset[str]:
        """The fields of `SceneData` that its panels read, beside the frame."""
        return frozenset().union(*(_DRAWN_BY[panel.kind].reads for panel in self.panel))


def drawn_panel(settings: PanelSettings, context: RenderContext) -> ScenePanel[Any]:
    """Make a panel of whatever kind; of the scene's data it can read what its kind declares."""
    panel = _DRAWN_BY[settings.kind]
    return panel(context.reading(panel.reads), settings)


def _turned(panel: PanelSettings, title: str) -> PanelSettings:
    """A panel on the other side, and what it shows at its other edge."""
    changes: dict[str, Any] = {"left": max(0.0, 1 - panel.left - panel.width)}
    align = getattr(panel, "align", "centre")
    if align != "centre" and not (
        panel.kind == "title" and reads_right_to_left(title)
    ):  # such words turn by themselves
        changes["align"] = "left" if align == "right" else "right"
    if isinstance(panel, CountersSettings):
        changes["items"] = panel.items[::-1]
    return panel.model_copy(update=changes)


def _overlap(one: Any, two: Any) -> bool:
    across = min(one.left + one.width, two.left + two.width) - max(one.left, two.left)
    down = min(one.top + one.height, two.top + two.height) - max(one.top, two.top)
    return bool(across > ROUNDING and down > ROUNDING)


def load_layout(name: str, own: Path | None = None) -> SceneLayout:
    """Load `layouts/<name>.toml` from the user's own templates folder `own`, else the built-in one.

    Raises
    ------
    TemplateError
        No such layout, or one that can't be used; names the field.
    """
    path = find_template(f"layouts/{name}.toml", own)
    return load_template(f"layouts/{name}.toml", own, SceneLayout).with_pictures(path)
