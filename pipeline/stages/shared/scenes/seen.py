"""What is seen of a film's clips, and what determines it: who has drawn a clip that looks the same can keep it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from pipeline.film.inputs.chain import CHAIN_VERSION
from pipeline.film.inputs.footage import content_hash
from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, SongClip
from pipeline.production.schema import Production
from pipeline.stages.shared.render_inputs import RenderInputs, card_of, style_of
from pipeline.stages.shared.scene_inputs import scene_ingredients
from pipeline.stages.shared.scenes.layouts import section_layout, song_layout
from pipeline.stages.shared.songs.scene import song_ingredients
from pipeline.store.shared_values import shared
from pipeline.store.store import Json

_UNSEEN: Final = ("file", "after", "section", "seconds", "sound", "title")
"""Settings of an insert that change nothing in its pictures: place, length, sound and title."""


@dataclass(frozen=True)
class SeenClips:
    """Tells what a film's clips show.

    Parameters
    ----------
    production
        With themes and layouts, which are read once.
    inputs
        What the film is drawn from.
    """

    production: Production
    inputs: RenderInputs
    _styles: dict[tuple[str, int], dict[str, Json]] = field(default_factory=dict)
    _reads: dict[tuple[str, int], Collection[str]] = field(default_factory=dict)

    def ingredients(self, clip: Clip, frames: range) -> dict[str, Json]:
        """Everything that is seen in some frames of a clip, wherever that stands in the film, but for their size."""
        kind, number = _kind(clip)
        if (kind, number) not in self._styles:
            self._learn(kind, number)
        return {**self._styles[kind, number], **self._shown(clip, frames, self._reads[kind, number])}

    def _learn(self, kind: str, number: int) -> None:
        """Read how clips of a kind look, and which fields of a scene's data their layout's panels read."""
        production, language = self.production, self.inputs.language
        if kind == "song":
            style, reads = style_of(production, language, song=number), song_layout(production, number).reads
        elif kind == "scene":
            style, reads = style_of(production, language, number), section_layout(production, number).reads
        else:
            style, reads = style_of(production, language), frozenset()
        self._styles[kind, number] = {name: shared(one) for name, one in style.items()}
        self._reads[kind, number] = reads

    def _shown(self, clip: Clip, own: range, reads: Collection[str]) -> dict[str, Json]:
        inputs = self.inputs
        frames: dict[str, Json] = {"frames": [own.start, own.stop], "clip": clip.frames}
        if inputs.ground is not None and not isinstance(clip, InsertClip):
            frames["ground"] = inputs.ground.loop.phase(clip.start_frame)
        if isinstance(clip, CardClip):
            return {**frames, "card": card_of(inputs, clip).content_hash}
        if isinstance(clip, SongClip):
            return {**frames, "song": song_ingredients(inputs, clip, own, reads)}
        if isinstance(clip, SceneClip):
            return {**frames, "scene": scene_ingredients(inputs, clip, own, reads)}
        settings, path = inputs.inserts[clip.insert]
        seen = settings.model_dump(mode="json", exclude=set(_UNSEEN))
        return {**frames, "insert": seen, "content": content_hash(path), "chain": CHAIN_VERSION}


def _kind(clip: Clip) -> tuple[str, int]:
    """Clips of one kind have one style."""
    if isinstance(clip, SongClip):
        return "song", clip.song
    return ("scene", clip.section) if isinstance(clip, SceneClip) else ("", 0)
