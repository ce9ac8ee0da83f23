"""What a scene shows, and what determines it: each field of `SceneData` with its value and its part of a key.

This module owns where the data of panels come from. The key of a segment is made of the fields that the layout's panels
read, so a field and its part of the key stand side by side in `SOURCES`. It does not know any panel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.film.inputs.footage import content_hash
from pipeline.film.inputs.stills import read_logo
from pipeline.film.timeline.scroll import ScrollLaw
from pipeline.film.timeline.timeline import Caption, SceneClip, SoundClip, Timeline
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene_data import CaptionSpan, LossHistory, SceneData, SceneSound
from pipeline.picture.panels.template_text import texts_between
from pipeline.stages.shared.render_inputs import RenderInputs
from pipeline.stages.shared.scenes.texts import text_templates
from pipeline.stages.shared.scenes.traces import activity_key, activity_of, distributions_of
from pipeline.stages.shared.sections.comparing import comparable_kinds
from pipeline.stages.shared.sections.losses import losses_key, section_losses
from pipeline.stages.shared.sections.pictures import loss_history
from pipeline.stages.shared.sections.sounds import heard_in, mono_samples_of
from pipeline.store.shared_values import shared
from pipeline.store.store import Json

SomeClip = TypeVar("SomeClip")


@dataclass(frozen=True)
class SceneSource(Generic[SomeClip]):
    """Where one field of a scene's data comes from; the scene is a section's or a song's clip.

    `value` makes it. `key` returns what determines it, as far as it is seen in some of the scene's frames, which are
    counted from the scene's first.
    """

    value: Callable[[RenderInputs, SomeClip], Any]
    key: Callable[[RenderInputs, SomeClip, range], Json]


def scene_data(inputs: RenderInputs, scene: SceneClip) -> SceneData:
    """Gather what a scene shows; its frames are counted from its own first, wherever it stands in the film."""
    timeline = inputs.timeline
    return SceneData(
        start_frame=0,
        end_frame=scene.frames,
        frame_rate=timeline.frame_rate,
        width=timeline.width,
        height=timeline.height,
        **{name: source.value(inputs, scene) for name, source in SOURCES.items()},
    )


def scene_ingredients(
    inputs: RenderInputs, scene: SceneClip, frames: range, fields: Collection[str]
) -> dict[str, Json]:
    """Return what determines these fields in some of a scene's frames, for a result's key."""
    return {name: SOURCES[name].key(inputs, scene, frames) for name in sorted(fields)}


def place_among_scenes(timeline: Timeline, scene: SceneClip) -> tuple[int, int]:
    """Which of the film's scenes it is, counted from 0, and how many there are."""
    scenes = timeline.scenes()
    return next(number for number, other in enumerate(scenes) if other.start_frame == scene.start_frame), len(scenes)


def comparable_before(inputs: RenderInputs, scene: SceneClip) -> tuple[int, ...]:
    """The sections before a scene's, counted from 0, whose losses mean the same as its own: on the same sound."""
    kinds = comparable_kinds(inputs.corpora[: scene.section + 1], inputs.runs[: scene.section + 1])
    return tuple(number for number in range(scene.section) if kinds[number] == kinds[scene.section])


# Sounds


def _sounds(inputs: RenderInputs, scene: SceneClip) -> tuple[SceneSound, ...]:
    return tuple(_scene_sound(inputs, scene, sound) for sound in scene.sounds if sound.kind != "silence")


def _of_whole_scene(key: Callable[[RenderInputs, SceneClip], Json]) -> Callable[[RenderInputs, SceneClip, range], Json]:
    """A key that is the same for all frames of a scene, which may have a thousand takes: the latest is remembered."""
    latest: list[tuple[RenderInputs, SceneClip, Json]] = []

    def remembered(inputs: RenderInputs, scene: SceneClip, _: range) -> Json:
        if not latest or latest[0][0] is not inputs or latest[0][1] is not scene:
            latest[:] = [(inputs, scene, shared(key(inputs, scene)))]
        return latest[0][2]

    return remembered


@_of_whole_scene
def _sounds_key(inputs: RenderInputs, scene: SceneClip) -> Json:
    start = scene.start_frame
    return [
        {
            "frames": [sound.start_frame - start, sound.end_frame - start],
            "from": sound.source_start_s,
            "iteration": sound.iteration,
            "sound": heard_in(inputs.corpora, inputs.takes, scene.section, sound).content_hash,
        }
        for sound in scene.sounds
        if sound.kind != "silence"
    ]


def _take_starts(inputs: RenderInputs, scene: SceneClip) -> list[int]:
    """Where each take of a scene's section begins, in its other scenes too."""
    scenes = (one for one in inputs.timeline.scenes() if one.section == scene.section)
    return [take.start_frame for one in scenes for take in one.sounds if take.kind == "take"]


def _take_number(inputs: RenderInputs, scene: SceneClip, sound: SoundClip) -> int:
    """Which of its section's takes a sound is, counted from 1; 0 for a recording."""
    return sum(start <= sound.start_frame for start in _take_starts(inputs, scene)) if sound.kind == "take" else 0


def _scene_sound(inputs: RenderInputs, scene: SceneClip, sound: SoundClip) -> SceneSound:
    """Read only what is shown."""
    source = heard_in(inputs.corpora, inputs.takes, scene.section, sound)
    rate_hz = source.record.sample_rate_hz
    start = round(sound.source_start_s * rate_hz)
    length = int(sound.frames / inputs.timeline.frame_rate * rate_hz) + 2
    iteration = sound.iteration if sound.kind == "take" else None
    number = inputs.language.number(f"{iteration:,}") if iteration is not None else ""
    return SceneSound(
        start_frame=sound.start_frame - scene.start_frame,
        end_frame=sound.end_frame - scene.start_frame,
        samples=mono_samples_of(source, start, start + length),
        sample_rate_hz=rate_hz,
        kind="take" if sound.kind == "take" else "recording",
        label=inputs.language.text("scene.take", iteration=number)
        if number
        else inputs.language.text("scene.recording"),
        short_label=number,
        iteration=iteration,
        number=_take_number(inputs, scene, sound),
        of=len(_take_starts(inputs, scene)),
    )


# Losses


def _section_history(inputs: RenderInputs, section: int) -> LossHistory:
    return loss_history(section_losses(inputs.runs[section]), inputs.timeline.sections[section].title)


def _section_history_key(inputs: RenderInputs, section: int) -> Json:
    return {"losses": losses_key(inputs.runs[section]), "title": inputs.timeline.sections[section].title}


def _iteration(inputs: RenderInputs, scene: SceneClip) -> NDArray[np.float64]:
    points = [(point.frame - scene.start_frame, point.iteration) for point in scene.key_points]
    return ScrollLaw(points, axis=inputs.timeline.scroll_of(scene)).iterations(np.arange(scene.frames + 1))


@_of_whole_scene
def _iteration_key(inputs: RenderInputs, scene: SceneClip) -> Json:
    points: list[Json] = [[point.frame - scene.start_frame, point.iteration] for point in scene.key_points]
    return {"axis": inputs.timeline.scroll_of(scene), "key points": points}


@_of_whole_scene
def _others_key(inputs: RenderInputs, scene: SceneClip) -> Json:
    return [_section_history_key(inputs, one) for one in comparable_before(inputs, scene)]


# Words


_edges: list[tuple[Timeline, NDArray[np.int64]]] = []
"""Where the captions begin and end of the timeline that was looked at last: a film may have thousands."""


def _captions_between(timeline: Timeline, start_frame: int, end_frame: int) -> list[Caption]:
    """All captions of which something is seen in a range of frames; quick for one range after the other."""
    if not _edges or _edges[0][0] is not timeline:
        spans = [(one.in_frame, one.out_frame) for one in timeline.captions]
        _edges[:] = [(timeline, np.array(spans, np.int64).reshape(-1, 2))]
    edges = _edges[0][1]
    seen = np.flatnonzero((edges[:, 0] < end_frame) & (edges[:, 1] > start_frame))
    return [timeline.captions[index] for index in seen.tolist()]


def _captions(inputs: RenderInputs, scene: SceneClip, frames: range) -> tuple[CaptionSpan, ...]:
    start = scene.start_frame
    captions = _captions_between(inputs.timeline, start + frames.start, start + frames.stop)
    style = inputs.caption_styles[scene.section]
    return tuple(CaptionSpan(one.text, one.in_frame - start, one.out_frame - start, style) for one in captions)


def _captions_key(inputs: RenderInputs, scene: SceneClip, frames: range) -> Json:
    start = scene.start_frame
    captions = _captions_between(inputs.timeline, start + frames.start, start + frames.stop)
    style = inputs.caption_styles[scene.section]
    named = [style] if style else []
    return [[one.text, one.in_frame - start, one.out_frame - start, *named] for one in captions]


def _title(inputs: RenderInputs, scene: SceneClip) -> str:
    return inputs.timeline.sections[scene.section].title


def _facts_key(inputs: RenderInputs, scene: SceneClip, frames: range) -> Json:
    """All that the layout's panels of text say in these frames."""
    timeline = inputs.timeline
    layout = load_layout(inputs.layouts[scene.section], inputs.templates_folder)
    heard = [sound for sound in scene.sounds if sound.kind != "silence"]
    data = SceneData(
        start_frame=0,
        end_frame=scene.frames,
        frame_rate=timeline.frame_rate,
        width=timeline.width,
        height=timeline.height,
        sounds=tuple(
            SceneSound(
                start_frame=sound.start_frame - scene.start_frame,
                end_frame=sound.end_frame - scene.start_frame,
                samples=np.zeros(0, np.float32),
                sample_rate_hz=1,
                kind="take" if sound.kind == "take" else "recording",
                iteration=sound.iteration if sound.kind == "take" else None,
                number=_take_number(inputs, scene, sound),
                of=len(_take_starts(inputs, scene)),
            )
            for sound in heard
        ),
        history=_section_history(inputs, scene.section),
        iteration=_iteration(inputs, scene),
        facts=inputs.facts[scene.section],
        take_facts=inputs.take_facts[scene.section],
    )
    return [list(texts) for texts in texts_between(text_templates(layout), data, frames)]


SOURCES: Final[dict[str, SceneSource[SceneClip]]] = {
    "facts": SceneSource(lambda inputs, scene: inputs.facts[scene.section] if inputs.facts else None, _facts_key),
    "take_facts": SceneSource(
        lambda inputs, scene: inputs.take_facts[scene.section] if inputs.take_facts else {},
        lambda *_: None,  # the texts themselves are the key of the facts
    ),
    "sounds": SceneSource(_sounds, _sounds_key),
    "history": SceneSource(
        lambda inputs, scene: _section_history(inputs, scene.section),
        lambda inputs, scene, _: _section_history_key(inputs, scene.section),
    ),
    "others": SceneSource(
        lambda inputs, scene: tuple(_section_history(inputs, one) for one in comparable_before(inputs, scene)),
        _others_key,
    ),
    "distributions": SceneSource(distributions_of, _sounds_key),
    "activity": SceneSource(
        activity_of,
        lambda inputs, scene, frames: [_sounds_key(inputs, scene, frames), activity_key(inputs, scene)],
    ),
    "iteration": SceneSource(_iteration, _iteration_key),
    "captions": SceneSource(lambda inputs, scene: _captions(inputs, scene, range(scene.frames)), _captions_key),
    "section_title": SceneSource(_title, lambda inputs, scene, _: _title(inputs, scene)),
    "section_number": SceneSource(
        lambda inputs, scene: place_among_scenes(inputs.timeline, scene)[0],
        lambda inputs, scene, _: place_among_scenes(inputs.timeline, scene)[0],
    ),
    "section_count": SceneSource(
        lambda inputs, scene: place_among_scenes(inputs.timeline, scene)[1],
        lambda inputs, scene, _: place_among_scenes(inputs.timeline, scene)[1],
    ),
    "picture": SceneSource(
        lambda inputs, _: read_logo(inputs.picture) if inputs.picture else None,
        lambda inputs, _, __: content_hash(inputs.picture) if inputs.picture else None,
    ),
}
"""Every field of `SceneData` beside the frame."""
