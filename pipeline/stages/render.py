"""render: the timeline becomes silent video, in segments that are kept on their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ProductionError
from pipeline.film.encoding.encoder import X264_THREADS, EncoderPlan, encode_frames, plan_encoder
from pipeline.film.encoding.hardware import codec_for
from pipeline.film.inputs.chain import CHAIN_VERSION
from pipeline.film.inputs.footage import content_hash, probe
from pipeline.film.inputs.frames import encode_footage
from pipeline.film.planning.settings import check_shape
from pipeline.film.timeline.segments import FrameRange, cut
from pipeline.film.timeline.timeline import CardClip, InsertClip, SceneClip, Segment
from pipeline.picture.panels.layout import load_layout
from pipeline.production.schema import Production
from pipeline.runtime.relay import ProgressMixer
from pipeline.runtime.side_by_side import Task
from pipeline.runtime.workers import run_parallel, send_to_parent
from pipeline.stages.shared.render_inputs import (
    RenderInputs,
    card_of,
    comparable_before,
    drawer_for,
    footage_of,
    place_among_scenes,
    show_of,
    sound_of,
    style_of,
)
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import require_room
from pipeline.store.store import Json, Piece, Store, write_record

STAGE: Final = "render"
VERSION: Final = 4
FEWEST_WORKERS: Final = 2
"""Where there are two cores: while one segment's encoder starts or ends, the other's is busy. Measured on two cores at
1080p60: 124 frames/s with two processes, 103 with one."""
_FRAMES_BETWEEN_WORDS: Final = 20
_UNSEEN: Final = ("file", "after", "section", "seconds", "sound", "title")
"""Settings of an insert that say where it stands, how long, and what is heard and said of it."""

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class _Task:
    """One segment to be made, by whichever process."""

    show: RenderInputs
    stretch: FrameRange
    piece: Piece
    plan: EncoderPlan
    store_root: Path


def pieces(production: Production, results: Results) -> list[Piece]:
    """One segment after the other, each determined by what it shows and by nothing else."""
    plan = plan_encoder(production.video, codec_for(production.video)[0])
    return [piece for _, piece in _stretches(production, show_of(production, results), plan)]


def check(production: Production) -> None:
    """Check that the layout can be used, and is made for frames of this shape.

    Raises
    ------
    TemplateError
        Where there is no such layout, or one that can't be used.
    ProductionError
        Where it is made for another shape.
    """
    video = production.video
    layout = load_layout(video.layout, production.templates_folder)
    try:
        check_shape(video.layout, layout.shape, video.width, video.height)
    except ValueError as error:
        what = str(error)
        raise ProductionError(f"{what[0].upper()}{what[1:]}.", where="video: layout, width, height") from None


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Make the segments that are not fresh, several at once."""
    codec, note = codec_for(production.video)
    show, plan = show_of(production, results), plan_encoder(production.video, codec)
    stretches = _stretches(production, show, plan)
    store, forced = workplace.store, STAGE in workplace.force
    todo = {
        piece.key: _Task(show, stretch, piece, plan, store.root)  # what is shown twice is made once
        for stretch, piece in stretches
        if forced or store.result(piece, Segment) is None
    }
    if todo:
        if note:
            workplace.report.warn(note)
        tasks = tuple(todo.values())
        for remark in _remarks(tasks):
            workplace.report.note(remark)
        _render_all(tasks, workplace)
    return replace(results, segments=tuple(store.published(piece, Segment) for _, piece in stretches))


def _stretches(production: Production, show: RenderInputs, plan: EncoderPlan) -> list[tuple[FrameRange, Piece]]:
    how = {**style_of(production.video, production.templates_folder), "encoder": plan.ingredients()}
    named = [(stretch, production.piece_name(stretch.name)) for stretch in cut(show.timeline)]
    return [(stretch, Piece(STAGE, name, VERSION, {**how, **_shown(show, stretch)})) for stretch, name in named]


def _shown(show: RenderInputs, stretch: FrameRange) -> dict[str, Json]:
    """Everything that is seen in a stretch; frames are those of its clip, wherever that stands in the film."""
    clip, own = stretch.clip, stretch.clip_frames
    frames: dict[str, Json] = {"frames": [own.start, own.stop], "clip": clip.frames}
    if isinstance(clip, CardClip):
        return {**frames, "card": card_of(show, clip).content_hash}
    if isinstance(clip, SceneClip):
        return {**frames, **_scene_ingredients(show, clip, stretch)}
    settings, path = show.inserts[clip.insert]
    seen = settings.model_dump(mode="json", exclude=set(_UNSEEN))
    return {**frames, "insert": seen, "content": content_hash(path), "chain": CHAIN_VERSION}


def _scene_ingredients(show: RenderInputs, scene: SceneClip, stretch: FrameRange) -> dict[str, Json]:
    timeline, start, others = show.timeline, scene.start_frame, comparable_before(show, scene)
    captions = timeline.captions_between(stretch.start_frame, stretch.end_frame)
    sounds: list[Json] = [
        {
            "frames": [sound.start_frame - start, sound.end_frame - start],
            "from": sound.source_start_s,
            "iteration": sound.iteration,
            "sound": sound_of(show, scene, sound).content_hash,
        }
        for sound in scene.sounds
    ]
    return {
        "title": timeline.sections[scene.section].title,
        "place": place_among_scenes(timeline, scene),
        "sounds": sounds,
        "key points": [[point.frame - start, point.iteration] for point in scene.key_points],
        "captions": [[caption.text, caption.in_frame - start, caption.out_frame - start] for caption in captions],
        "losses": [show.runs[number].content_hash for number in (*others, scene.section)],
        "other titles": [timeline.sections[number].title for number in others],
        **({"picture": content_hash(show.picture)} if show.picture else {}),
    }


def _remarks(tasks: Sequence[_Task]) -> Iterator[str]:
    """Tell what happens to footage whose colours are not the film's."""
    shown = {task.stretch.clip.insert: task.show for task in tasks if isinstance(task.stretch.clip, InsertClip)}
    for insert, show in shown.items():
        if remark := probe(show.inserts[insert][1]).remark:
            yield f"insert {insert + 1}: {remark}"


def _render_all(tasks: Sequence[_Task], workplace: Workplace) -> None:
    total = sum(task.stretch.frames for task in tasks)
    require_room(workplace.store.root, tasks[0].plan.least_bytes(total), f"to render {total} frames")
    workplace.report.begin(STAGE, "segments", total, "frames")
    workers = max(min(workplace.jobs, FEWEST_WORKERS), workplace.jobs // X264_THREADS)
    places = {task.stretch.number: index for index, task in enumerate(tasks)}
    done = [0] * len(tasks)
    works = [Task(_part(task.stretch), float(task.stretch.frames)) for task in tasks]
    mixer = ProgressMixer(workplace.report, works, workers)

    def tell(progress: tuple[int, int]) -> None:
        number, frames = progress
        if number in places:  # a helper's last words about a segment may come after the segment
            index = places[number]
            done[index] = max(done[index], frames)
            mixer.share(index, done[index] / tasks[index].stretch.frames, f"segment {number + 1}")
            workplace.report.advance(sum(done), f"segment {number + 1}")

    def finish(index: int, _outcome: None) -> None:
        mixer.finish(index)
        tell((tasks[index].stretch.number, tasks[index].stretch.frames))

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes: idle threads of it would spin beside x264
    run_parallel(
        _render,
        tasks,
        jobs=workers,
        on_done=finish,
        on_message=tell if workers > 1 else None,
    )


def _part(stretch: FrameRange) -> str:
    """Which of the bars a stretch counts for: its section's, or that of cards and footage."""
    clip = stretch.clip
    return f"section-{clip.section + 1}" if isinstance(clip, SceneClip) else "cards"


def _render(task: _Task) -> None:
    stretch = task.stretch

    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done >= told + _FRAMES_BETWEEN_WORDS:
            told = done
            send_to_parent((stretch.number, done))

    own = stretch.clip_frames
    with Store(task.store_root).publish(task.piece) as folder:
        segment = Segment(start_frame=own.start, end_frame=own.stop, encoder=task.plan.codec)
        path = folder / segment.video_file
        if isinstance(stretch.clip, InsertClip):
            _encode_insert(task, stretch.clip, path, tell)
        else:
            with drawer_for(task.show, stretch.clip, workspace=folder) as drawer:
                encode_frames(
                    drawer.draw,
                    start_frame=own.start,
                    end_frame=own.stop,
                    path=path,
                    plan=task.plan,
                    on_frame=tell,
                )
        write_record(folder, segment)


def _encode_insert(task: _Task, clip: InsertClip, path: Path, tell: Callable[[int], None]) -> None:
    """Let one ffmpeg decode, shape and encode footage: its frames never come to us."""
    own = task.stretch.clip_frames
    with TemporaryDirectory(prefix="build-video-") as aside:
        encode_footage(
            footage_of(task.show, clip, Path(aside)),
            first=own.start,
            end=own.stop,
            path=path,
            plan=task.plan,
            on_frame=tell,
        )
