"""render: the timeline becomes silent video, in segments that are kept on their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StageError
from pipeline.files import file_sha256, require_room
from pipeline.film.encoder import X264_THREADS, EncoderPlan, encode_frames, plan_encoder
from pipeline.film.footage import FootageFrames, content_hash, probe
from pipeline.film.hardware import codec_for
from pipeline.film.scroll import ScrollLaw
from pipeline.film.segments import Stretch, cut
from pipeline.film.settings import InsertSettings, VideoSettings
from pipeline.film.stills import read_logo
from pipeline.film.timeline import CardClip, Clip, InsertClip, SceneClip, Segment, SoundClip, Timeline
from pipeline.learning.corpus import Corpus, load_bytes, map_bytes
from pipeline.learning.loss_log import read_columns
from pipeline.learning.run import TrainingRun
from pipeline.learning.take import Take
from pipeline.picture.card import CardPicture
from pipeline.picture.card_animation import CardAnimation
from pipeline.picture.layout import load_layout
from pipeline.picture.planes import planes_from_rgb, planes_of
from pipeline.picture.scene import Scene
from pipeline.picture.scene_data import CaptionSpan, LossHistory, SceneData, SceneSound
from pipeline.picture.theme import load_theme
from pipeline.production import Production
from pipeline.results import Made
from pipeline.sound.quantise import dequantise
from pipeline.store import Json, Piece, Result, Store, canonical_json, write_record
from pipeline.workers import run_parallel, send_to_parent
from pipeline.workplace import Workplace

STAGE: Final = "render"
VERSION: Final = 2
FEWEST_WORKERS: Final = 2
"""Where there are two cores: while one segment's encoder starts or ends, the other's is busy. Measured on two cores at
1080p60: 124 frames/s with two processes, 103 with one."""
_FRAMES_BETWEEN_WORDS: Final = 20

Frame = NDArray[np.uint8]


class Drawer(Protocol):
    """Draws any frame of a clip into a yuv420p buffer."""

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame of the film."""


@dataclass(frozen=True)
class _Show:
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


@dataclass(frozen=True)
class _Task:
    """One segment to be made, by whichever process."""

    show: _Show
    stretch: Stretch
    piece: Piece
    plan: EncoderPlan
    store_root: Path


def pieces(production: Production, made: Made) -> list[Piece]:
    """One segment after the other, each determined by what it shows and by nothing else."""
    plan = plan_encoder(production.video, codec_for(production.video)[0])
    return [piece for _, piece in _stretches(production, _show(production, made), plan)]


def run(production: Production, made: Made, workplace: Workplace) -> Made:
    """Make the segments that are not fresh, several at once."""
    codec, note = codec_for(production.video)
    show, plan = _show(production, made), plan_encoder(production.video, codec)
    stretches = _stretches(production, show, plan)
    store, forced = workplace.store, STAGE in workplace.force
    todo = [
        _Task(show, stretch, piece, plan, store.root)
        for stretch, piece in stretches
        if forced or store.result(piece, Segment) is None
    ]
    if todo:
        if note:
            workplace.report.warn(note)
        _render_all(todo, workplace)
    return replace(made, segments=tuple(store.made(piece, Segment) for _, piece in stretches))


def draw_still(production: Production, made: Made, frame: int) -> Frame:
    """Draw one frame of the film, without rendering anything else.

    Returns
    -------
    Frame
        Planes Y, U and V one after the other, yuv420p, BT.709, limited range; shape (height * 3 // 2, width).
    """
    with open_film(production, made) as draw:
        return draw(frame)


@contextmanager
def open_film(production: Production, made: Made) -> Iterator[Callable[[int], Frame]]:
    """Offer a function that draws any frame of the film, as `draw_still` does; quick for frames in order."""
    show = _show(production, made)
    timeline = show.timeline
    with TemporaryDirectory(prefix="build-video-") as aside, ExitStack() as stack:
        drawers: dict[int, Drawer] = {}

        def draw(frame: int) -> Frame:
            clip = timeline.clip_at(frame)
            if clip.start_frame not in drawers:
                stack.close()
                drawers.clear()
                drawers[clip.start_frame] = stack.enter_context(_drawer(show, clip, workspace=Path(aside)))
            out = np.zeros((timeline.height * 3 // 2, timeline.width), dtype=np.uint8)
            drawers[clip.start_frame].draw(frame, out)
            return out

        yield draw


def _show(production: Production, made: Made) -> _Show:
    if made.timeline is None:
        raise StageError("There is no timeline to render.", hint="Run build-video storyboard first.")
    video, own = production.video, production.templates_folder
    hashes = [made.timeline.content_hash, canonical_json(_look(video, own))]
    shown: list[Result[Any]] = [*made.corpora, *made.runs, *made.cards]
    hashes += [result.content_hash for result in shown]
    hashes += [result.content_hash for takes in made.takes for result in takes]
    hashes += [content_hash(path) for path in [production.picture_path] if path]
    return _Show(
        timeline=made.timeline.record,
        theme=video.theme,
        layout=video.layout,
        templates_folder=own,
        corpora=made.corpora,
        runs=made.runs,
        takes=made.takes,
        cards=made.cards,
        inserts=tuple(
            (insert, production.resolve(insert.file, f"insert {number}, file"))
            for number, insert in enumerate(production.inserts, start=1)
        ),
        picture=production.picture_path,
        identity=sha256("".join(hashes).encode()).hexdigest(),
    )


def _stretches(production: Production, show: _Show, plan: EncoderPlan) -> list[tuple[Stretch, Piece]]:
    how = {**_look(production.video, production.templates_folder), "encoder": plan.ingredients()}
    named = [(stretch, production.piece_name(stretch.name)) for stretch in cut(show.timeline)]
    return [(stretch, Piece(STAGE, name, VERSION, {**how, **_shown(show, stretch)})) for stretch, name in named]


def _look(video: VideoSettings, own: Path | None) -> dict[str, Json]:
    theme = load_theme(video.theme, own)
    return {
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        "layout": load_layout(video.layout, own).model_dump(mode="json"),
    }


def _shown(show: _Show, stretch: Stretch) -> dict[str, Json]:
    """Everything that is seen in a stretch."""
    clip = stretch.clip
    clip_frames: Json = [clip.start_frame, clip.end_frame]
    frames: dict[str, Json] = {"frames": [stretch.start_frame, stretch.end_frame], "clip": clip_frames}
    if isinstance(clip, CardClip):
        return {**frames, "card": _card(show, clip).content_hash}
    if isinstance(clip, SceneClip):
        return {**frames, **_scene_ingredients(show, clip, stretch)}
    settings, path = show.inserts[clip.insert]
    return {**frames, "insert": settings.model_dump(mode="json"), "content": content_hash(path)}


def _scene_ingredients(show: _Show, scene: SceneClip, stretch: Stretch) -> dict[str, Json]:
    timeline = show.timeline
    captions = timeline.captions_between(stretch.start_frame, stretch.end_frame)
    sounds: list[Json] = [
        {
            "frames": [sound.start_frame, sound.end_frame],
            "from": sound.source_start_s,
            "iteration": sound.iteration,
            "sound": _sound_result(show, scene, sound).content_hash,
        }
        for sound in scene.sounds
    ]
    return {
        "title": timeline.sections[scene.section].title,
        "film": [timeline.total_frames, *(other.start_frame for other in timeline.scenes())],
        "sounds": sounds,
        "key points": [[point.frame, point.iteration] for point in scene.key_points],
        "captions": [[caption.text, caption.in_frame, caption.out_frame] for caption in captions],
        "losses": [run.content_hash for run in show.runs[: scene.section + 1]],
        "other titles": [section.title for section in timeline.sections[: scene.section]],
        **({"picture": content_hash(show.picture)} if show.picture else {}),
    }


def _card(show: _Show, clip: CardClip) -> Result[CardPicture]:
    for card in show.cards:
        if card.record.name == clip.name:
            return card
    raise StageError(f"There is no card '{clip.name}'.", hint="Run build-video cards --force.")


def _sound_result(show: _Show, scene: SceneClip, sound: SoundClip) -> Result[Corpus] | Result[Take]:
    if sound.kind == "recording":
        return show.corpora[scene.section]
    return next(take for take in show.takes[scene.section] if take.record.iteration == sound.iteration)


def _render_all(tasks: Sequence[_Task], workplace: Workplace) -> None:
    total = sum(task.stretch.frames for task in tasks)
    require_room(workplace.store.root, tasks[0].plan.least_bytes(total), f"to render {total} frames")
    workplace.report.begin(STAGE, "segments", total, "frames")
    done = dict.fromkeys((task.stretch.number for task in tasks), 0)

    def tell(progress: tuple[int, int]) -> None:
        number, frames = progress
        if number in done:  # a helper's last words about a segment may come after the segment
            done[number] = max(done[number], frames)
            workplace.report.advance(sum(done.values()), f"segment {number + 1}")

    workers = max(min(workplace.jobs, FEWEST_WORKERS), workplace.jobs // X264_THREADS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes: idle threads of it would spin beside x264
    run_parallel(
        _render,
        tasks,
        jobs=workers,
        on_done=lambda index, _: tell((tasks[index].stretch.number, tasks[index].stretch.frames)),
        on_message=tell if workers > 1 else None,
    )


def _render(task: _Task) -> None:
    stretch = task.stretch

    def tell(done: int) -> None:
        if done % _FRAMES_BETWEEN_WORDS == 0:
            send_to_parent((stretch.number, done))

    with (
        Store(task.store_root).publish(task.piece) as folder,
        _drawer(task.show, stretch.clip, workspace=folder) as drawer,
    ):
        segment = Segment(start_frame=stretch.start_frame, end_frame=stretch.end_frame, encoder=task.plan.codec)
        encode_frames(
            drawer.draw,
            start_frame=stretch.start_frame,
            end_frame=stretch.end_frame,
            path=folder / segment.video_file,
            plan=task.plan,
            on_frame=tell,
        )
        write_record(folder, segment)


_drawers: dict[tuple[str, int], Drawer] = {}
"""The last clip's drawer in this process: the next segment is likely to show the same clip."""


@contextmanager
def _drawer(show: _Show, clip: Clip, workspace: Path) -> Iterator[Drawer]:
    if isinstance(clip, InsertClip):
        with _InsertDrawer(show, clip, workspace) as drawer:
            yield drawer
        return
    key = (show.identity, clip.start_frame)
    if key not in _drawers:
        _drawers.clear()
        _drawers[key] = _new_drawer(show, clip)
    yield _drawers[key]


def _new_drawer(show: _Show, clip: CardClip | SceneClip) -> Drawer:
    if isinstance(clip, CardClip):
        card = _card(show, clip)
        return CardAnimation(card.record, card.folder, clip.start_frame, clip.end_frame, show.timeline.frame_rate)
    theme = load_theme(show.theme, show.templates_folder)
    return Scene(_scene_data(show, clip), theme, load_layout(show.layout, show.templates_folder))


class _InsertDrawer:
    """Draws the user's footage; holds a decoder open."""

    def __init__(self, show: _Show, clip: InsertClip, workspace: Path) -> None:
        settings, path = show.inserts[clip.insert]
        self._size = (show.timeline.width, show.timeline.height)
        self._start_frame = clip.start_frame
        self._frames = FootageFrames(
            probe(path),
            settings,
            size=self._size,
            frame_rate=show.timeline.frame_rate,
            frames=clip.frames,
            workspace=workspace,
        )

    def draw(self, frame: int, out: Frame) -> None:
        """Draw one frame of the film."""
        planes_of(out, *self._size).copy_from(planes_from_rgb(self._frames.rgb(frame - self._start_frame)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()


def _scene_data(show: _Show, scene: SceneClip) -> SceneData:
    timeline = show.timeline
    points = [(point.frame, point.iteration) for point in scene.key_points]
    boundaries = np.arange(scene.start_frame, scene.end_frame + 1)
    captions = timeline.captions_between(scene.start_frame, scene.end_frame)
    return SceneData(
        start_frame=scene.start_frame,
        end_frame=scene.end_frame,
        frame_rate=timeline.frame_rate,
        width=timeline.width,
        height=timeline.height,
        sounds=tuple(_scene_sound(show, scene, sound) for sound in scene.sounds),
        history=_history(show.runs[scene.section], timeline.sections[scene.section].title),
        linear_position=ScrollLaw(points, axis="linear").positions(boundaries),
        log_position=ScrollLaw(points, axis="log").positions(boundaries),
        others=tuple(_history(show.runs[n], timeline.sections[n].title) for n in range(scene.section)),
        captions=tuple(CaptionSpan(caption.text, caption.in_frame, caption.out_frame) for caption in captions),
        section_title=timeline.sections[scene.section].title,
        section_start_frames=tuple(other.start_frame for other in timeline.scenes()),
        film_frames=timeline.total_frames,
        picture=read_logo(show.picture) if show.picture else None,
    )


def _scene_sound(show: _Show, scene: SceneClip, sound: SoundClip) -> SceneSound:
    """Read only what is shown."""
    source = _sound_result(show, scene, sound)
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
        start_frame=sound.start_frame,
        end_frame=sound.end_frame,
        samples=dequantise(np.asarray(codes[start : start + length]), record.encoding),
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
