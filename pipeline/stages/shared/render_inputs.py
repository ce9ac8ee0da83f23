"""From results to pictures: all that is needed to draw a film, and who draws which of its clips.

This module knows where cards, takes, losses and footage lie, and hands them to the room that draws. It does not know
how frames are encoded, nor how a film is cut into segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StageError
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import content_hash, probe
from pipeline.film.inputs.frames import FootageFrames
from pipeline.film.inputs.stills import read_logo
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.timeline.scroll import ScrollLaw
from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, SoundClip, Timeline
from pipeline.learning.corpus import Corpus, comparable, load_bytes, map_bytes
from pipeline.learning.sampling.take import Take
from pipeline.learning.training.loss_log import read_columns
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.animation import CardAnimation
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.panels.scene import Scene
from pipeline.picture.panels.scene_data import CaptionSpan, LossHistory, SceneData, SceneSound
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.sound.signal.quantise import QuantisedSamples
from pipeline.stages.shared.results import Results
from pipeline.store.files import file_sha256
from pipeline.store.store import Json, Result, canonical_json

Frame = NDArray[np.uint8]


class Drawer(Protocol):
    """Draws any frame of a clip into a yuv420p buffer."""

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame, counted from the clip's first."""


@dataclass(frozen=True)
class RenderInputs:
    """All that worker processes need to draw: plain values and the places of results."""

    timeline: Timeline
    theme: str
    layout: str
    templates_folder: Path | None
    corpora: tuple[Result[Corpus], ...]
    runs: tuple[Result[TrainingRun], ...]
    takes: tuple[tuple[Result[Take], ...], ...]
    cards: tuple[Result[CardPicture], ...]
    inserts: tuple[tuple[InsertSettings, Path], ...]
    picture: Path | None
    identity: str
    """Hash of everything above: two shows with the same one look the same."""


def show_of(production: Production, results: Results) -> RenderInputs:
    """Gather what a film is drawn from.

    Raises
    ------
    StageError
        Where there is no timeline yet.
    """
    if results.timeline is None:
        raise StageError("There is no timeline to render.", hint="Run build-video storyboard first.")
    video, own = production.video, production.templates_folder
    hashes = [results.timeline.content_hash, canonical_json(style_of(video, own))]
    shown: list[Result[Any]] = [*results.corpora, *results.runs, *results.cards]
    hashes += [result.content_hash for result in shown]
    hashes += [result.content_hash for takes in results.takes for result in takes]
    hashes += [content_hash(path) for path in [production.picture_path] if path]
    return RenderInputs(
        timeline=results.timeline.record,
        theme=video.theme,
        layout=video.layout,
        templates_folder=own,
        corpora=results.corpora,
        runs=results.runs,
        takes=results.takes,
        cards=results.cards,
        inserts=tuple(
            (insert, production.resolve(insert.file, f"insert {number}, file"))
            for number, insert in enumerate(production.inserts, start=1)
        ),
        picture=production.picture_path,
        identity=sha256("".join(hashes).encode()).hexdigest(),
    )


def style_of(video: VideoSettings, own: Path | None) -> dict[str, Json]:
    """Everything that theme, fonts and layout are, for a result's key; `own` are the user's own templates."""
    theme = load_theme(video.theme, own)
    return {
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        "layout": load_layout(video.layout, own).model_dump(mode="json"),
    }


def draw_still(production: Production, results: Results, frame: int) -> Frame:
    """Draw one frame of the film, without rendering anything else.

    Returns
    -------
    Frame
        Planes Y, U and V one after the other, yuv420p, BT.709, limited range; shape (height * 3 // 2, width).
    """
    with open_film(production, results) as draw:
        return draw(frame)


@contextmanager
def open_film(production: Production, results: Results) -> Iterator[Callable[[int], Frame]]:
    """Offer a function that draws any frame of the film, as `draw_still` does; quick for frames in order."""
    show = show_of(production, results)
    timeline = show.timeline
    with TemporaryDirectory(prefix="build-video-") as aside, ExitStack() as stack:
        drawers: dict[int, Drawer] = {}

        def draw(frame: int) -> Frame:
            clip = timeline.clip_at(frame)
            if clip.start_frame not in drawers:
                stack.close()
                drawers.clear()
                drawers[clip.start_frame] = stack.enter_context(drawer_for(show, clip, workspace=Path(aside)))
            out = np.zeros((timeline.height * 3 // 2, timeline.width), dtype=np.uint8)
            drawers[clip.start_frame].draw(frame - clip.start_frame, out)
            return out

        yield draw


def card_of(show: RenderInputs, clip: CardClip) -> Result[CardPicture]:
    """Find the picture of a card."""
    for card in show.cards:
        if card.record.name == clip.name:
            return card
    raise StageError(f"There is no card '{clip.name}'.", hint="Run build-video cards --force.")


def sound_of(show: RenderInputs, scene: SceneClip, sound: SoundClip) -> Result[Corpus] | Result[Take]:
    """Find what a scene's clip of sound is taken from."""
    if sound.kind == "recording":
        return show.corpora[scene.section]
    return next(take for take in show.takes[scene.section] if take.record.iteration == sound.iteration)


def footage_of(show: RenderInputs, clip: InsertClip, workspace: Path) -> FootageChain:
    """Find the footage of an insert, and how it becomes frames; `workspace` is a folder for a table of its colours."""
    settings, path = show.inserts[clip.insert]
    timeline = show.timeline
    return FootageChain(
        footage=probe(path),
        settings=settings,
        size=(timeline.width, timeline.height),
        frame_rate=timeline.frame_rate,
        frames=clip.frames,
        workspace=workspace,
    )


_drawers: dict[tuple[str, int], Drawer] = {}
"""The last clip's drawer in this process: the next segment is likely to show the same clip."""


@contextmanager
def drawer_for(show: RenderInputs, clip: Clip, workspace: Path) -> Iterator[Drawer]:
    """Offer the drawer of a clip; `workspace` is a folder for what decoding footage needs."""
    if isinstance(clip, InsertClip):
        with _InsertDrawer(show, clip, workspace) as drawer:
            yield drawer
        return
    key = (show.identity, clip.start_frame)
    if key not in _drawers:
        _drawers.clear()
        _drawers[key] = _new_drawer(show, clip)
    yield _drawers[key]


def _new_drawer(show: RenderInputs, clip: CardClip | SceneClip) -> Drawer:
    if isinstance(clip, CardClip):
        card = card_of(show, clip)
        return CardAnimation(card.record, card.folder, 0, clip.frames, show.timeline.frame_rate)
    theme = load_theme(show.theme, show.templates_folder)
    return Scene(_scene_data(show, clip), theme, load_layout(show.layout, show.templates_folder))


class _InsertDrawer:
    """Draws the user's footage; holds a decoder open."""

    def __init__(self, show: RenderInputs, clip: InsertClip, workspace: Path) -> None:
        self._frames = FootageFrames(footage_of(show, clip, workspace))

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame, counted from the footage's first."""
        self._frames.draw(frame, out)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()


def place_among_scenes(timeline: Timeline, scene: SceneClip) -> tuple[int, int]:
    """Which of the film's scenes it is, counted from 0, and how many there are."""
    scenes = timeline.scenes()
    return next(number for number, other in enumerate(scenes) if other.start_frame == scene.start_frame), len(scenes)


def comparable_before(show: RenderInputs, scene: SceneClip) -> tuple[int, ...]:
    """The sections before a scene's, counted from 0, whose losses mean the same as its own: on the same sound."""
    kinds = comparable([(corpus.record, corpus.folder) for corpus in show.corpora[: scene.section + 1]])
    return tuple(number for number in range(scene.section) if kinds[number] == kinds[scene.section])


def _scene_data(show: RenderInputs, scene: SceneClip) -> SceneData:
    """Gather what a scene shows; its frames are counted from its own first, wherever it stands in the film."""
    timeline, start = show.timeline, scene.start_frame
    points = [(point.frame - start, point.iteration) for point in scene.key_points]
    boundaries = np.arange(scene.frames + 1)
    number, count = place_among_scenes(timeline, scene)
    captions = timeline.captions_between(scene.start_frame, scene.end_frame)
    return SceneData(
        start_frame=0,
        end_frame=scene.frames,
        frame_rate=timeline.frame_rate,
        width=timeline.width,
        height=timeline.height,
        sounds=tuple(_scene_sound(show, scene, sound) for sound in scene.sounds),
        history=_history(show.runs[scene.section], timeline.sections[scene.section].title),
        iteration=ScrollLaw(points, axis=timeline.scroll).iterations(boundaries),
        others=tuple(_history(show.runs[n], timeline.sections[n].title) for n in comparable_before(show, scene)),
        captions=tuple(
            CaptionSpan(caption.text, caption.in_frame - start, caption.out_frame - start) for caption in captions
        ),
        section_title=timeline.sections[scene.section].title,
        section_number=number,
        section_count=count,
        picture=read_logo(show.picture) if show.picture else None,
    )


def _scene_sound(show: RenderInputs, scene: SceneClip, sound: SoundClip) -> SceneSound:
    """Read only what is shown."""
    source = sound_of(show, scene, sound)
    record = source.record
    if isinstance(record, Corpus):
        codes = load_bytes(record, source.folder)
    else:
        codes = map_bytes(source.path(record.bytes_file))
    rate_hz = record.sample_rate_hz
    start = round(sound.source_start_s * rate_hz)
    length = int(sound.frames / show.timeline.frame_rate * rate_hz) + 2
    number = f"{sound.iteration:,}" if sound.iteration is not None else ""
    return SceneSound(
        start_frame=sound.start_frame - scene.start_frame,
        end_frame=sound.end_frame - scene.start_frame,
        samples=QuantisedSamples(codes[start : start + length], record.encoding),
        sample_rate_hz=rate_hz,
        kind=sound.kind,
        label=f"iteration {number}" if number else "recording",
        short_label=number,
        iteration=sound.iteration,
    )


def _history(run: Result[TrainingRun], label: str) -> LossHistory:
    """Read the loss log; iterations without a training loss are left out."""
    path = run.path(run.record.log_file)
    log = read_columns(path)[:, (0, 1, 2, 4)]
    iterations, epochs, elapsed_s, losses = log[~np.isnan(log[:, 3])].T
    checkpoints = run.record.checkpoints
    return LossHistory(
        iterations=iterations.astype(np.int64),
        losses_nats=losses.astype(np.float32),
        epochs=epochs,
        elapsed_s=elapsed_s,
        validation_iterations=np.array([checkpoint.iteration for checkpoint in checkpoints], dtype=np.int64),
        validation_losses_nats=np.array([checkpoint.validation_loss_nats for checkpoint in checkpoints]),
        label=label,
    )
