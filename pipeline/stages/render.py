"""render: the timeline becomes silent video, in segments that are kept on their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.film.encoding.encoder import CODECS, X264_THREADS, EncoderPlan, encode_frames, plan_encoder
from pipeline.film.encoding.hardware import HARDWARE, codec_for
from pipeline.film.inputs.footage import probe
from pipeline.film.inputs.frames import encode_footage
from pipeline.film.timeline.segments import FrameRange, split
from pipeline.film.timeline.timeline import CardClip, Clip, InsertClip, SceneClip, Segment
from pipeline.production.schema import Production
from pipeline.runtime.executor import Needs, ProcessExecutor, Work
from pipeline.runtime.machine import usable_cores
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.progress.side_by_side import Task
from pipeline.runtime.relay import ProgressMixer
from pipeline.runtime.workers import send_to_parent
from pipeline.stages.shared.drawers import drawer_for
from pipeline.stages.shared.render_inputs import RenderInputs, footage_of, inputs_of, render_inputs
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.scene_inputs import comparable_before
from pipeline.stages.shared.scenes.layouts import check_layouts, section_layout
from pipeline.stages.shared.scenes.seen import SeenClips
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import require_room
from pipeline.store.store import Json, Piece, Store, write_record

STAGE: Final = "render"
VERSION: Final = 6
FEWEST_WORKERS: Final = 2
"""Where there are two cores: while one segment's encoder starts or ends, the other's is busy. Measured on two cores at
1080p60: 124 frames/s with two processes, 103 with one."""
_FRAMES_BETWEEN_WORDS: Final = 20
_ROUNDS_AHEAD: Final = 2
"""So many segments for each that is rendered at once, before whoever works ahead looks for something more urgent."""
_SEGMENT_BYTES: Final = 250 << 20
_HELD_FRAMES: Final = 120
"""What a process that renders takes: drawn strips, and the frames that an encoder holds while it looks ahead."""

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class _SegmentTask:
    """One segment to be made, by whichever process."""

    inputs: RenderInputs
    segment: FrameRange
    piece: Piece
    plan: EncoderPlan
    store_root: Path


def pieces(production: Production, results: Results) -> list[Piece]:
    """One segment after the other, each determined by what it shows and by nothing else."""
    plan = plan_encoder(production.video, codec_for(production.video)[0])
    return [piece for _, piece in _segments(production, render_inputs(production, results), plan)]


def check(production: Production) -> None:
    """Check that the layouts can be used, and are made for frames of this shape.

    Raises
    ------
    TemplateError
        Where there is no such layout, or one that can't be used.
    ProductionError
        Where it is made for another shape.
    """
    check_layouts(production)


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Make the segments that are not fresh, several at once."""
    codec, note = codec_for(production.video)
    inputs, plan = render_inputs(production, results), plan_encoder(production.video, codec)
    segments = _segments(production, inputs, plan)
    store, forced = workplace.store, STAGE in workplace.force
    todo = {  # what is shown twice is made once
        piece.key: _SegmentTask(inputs_of(inputs, segment.clip), segment, piece, plan, store.root)
        for segment, piece in segments
        if forced or store.result(piece, Segment) is None
    }
    if todo:
        if note:
            workplace.report.warn(note)
        tasks = tuple(todo.values())
        for remark in _remarks(tasks):
            workplace.report.note(remark)
        _render_all(tasks, workplace)
    return replace(results, segments=tuple(store.published(piece, Segment) for _, piece in segments))


def ahead(production: Production, results: Results, workplace: Workplace, sections: Collection[int]) -> int:
    """Render some of the segments that look the same whatever becomes of the other sections.

    They are the pieces that the stage looks for when the whole film is known. Nothing is rendered where fewer cores are
    left than an encoder keeps busy, nor by an encoder of a GPU, which is left to the networks that train on it.

    Parameters
    ----------
    results
        With a timeline in which other sections may be placeholders, and the cards that are certain.
    sections
        Those whose training has ended, counted from 0.

    Returns
    -------
    int
        How many were rendered: about as many as can be at once.
    """
    if production.video.encoder in HARDWARE or workplace.jobs < X264_THREADS:
        return 0
    inputs, plan = render_inputs(production, results), plan_encoder(production.video, codec_for(production.video)[0])
    certain = partial(_is_certain, production, inputs, sections)
    known = _segments(production, inputs, plan, certain)
    todo = {
        piece.key: _SegmentTask(inputs_of(inputs, segment.clip), segment, piece, plan, workplace.store.root)
        for segment, piece in known
        if workplace.store.state(piece).state != "fresh"
    }
    tasks = tuple(todo.values())[: _ROUNDS_AHEAD * (workplace.jobs // X264_THREADS)]
    if tasks:
        _render_all(tasks, workplace)
    return len(tasks)


def _is_certain(production: Production, inputs: RenderInputs, sections: Collection[int], clip: Clip) -> bool:
    """Whether a clip looks the same whatever becomes of sections that are not among these."""
    if isinstance(clip, SceneClip):
        others = comparable_before(inputs, clip) if "others" in section_layout(production, clip.section).reads else ()
        return {clip.section, *others} <= {*sections}
    if isinstance(clip, CardClip):
        return any(card.record.name == clip.name for card in inputs.cards)
    return isinstance(clip, InsertClip)


def _any_clip(_clip: Clip) -> bool:
    return True


def _segments(
    production: Production,
    inputs: RenderInputs,
    plan: EncoderPlan,
    wanted: Callable[[Clip], bool] = _any_clip,
) -> list[tuple[FrameRange, Piece]]:
    seen, pieces = SeenClips(production, inputs), []
    for segment in split(inputs.timeline):
        if not wanted(segment.clip):
            continue
        shown = seen.ingredients(segment.clip, segment.clip_frames)
        how: dict[str, Json] = {**shown, "encoder": plan.ingredients()}
        pieces.append((segment, Piece(STAGE, production.piece_name(segment.name), VERSION, how)))
    return pieces


def _remarks(tasks: Sequence[_SegmentTask]) -> Iterator[str]:
    """Say what happens to footage whose colours are not the film's."""
    shown = {task.segment.clip.insert: task.inputs for task in tasks if isinstance(task.segment.clip, InsertClip)}
    for insert, inputs in shown.items():
        if remark := probe(inputs.inserts[insert][1]).remark:
            yield f"insert {insert + 1}: {remark}"


def _render_all(tasks: Sequence[_SegmentTask], workplace: Workplace) -> None:
    total = sum(task.segment.frames for task in tasks)
    workplace = _place_for(tasks[0].plan, workplace)
    require_room(workplace.store.root, tasks[0].plan.least_bytes(total), f"to render {total} frames")
    workplace.report.begin(WorkStart(STAGE, "segments", total, "frames"))
    frame_bytes = tasks[0].inputs.timeline.width * tasks[0].inputs.timeline.height * 3 // 2
    needs = Needs(cores=X264_THREADS, memory_bytes=_SEGMENT_BYTES + _HELD_FRAMES * frame_bytes)
    workers = max(min(workplace.jobs, FEWEST_WORKERS), workplace.executor.at_once(needs, workplace.jobs))
    places = {task.segment.number: index for index, task in enumerate(tasks)}
    done = [0] * len(tasks)
    works = [Task(_part(task.segment), float(task.segment.frames)) for task in tasks]
    mixer = ProgressMixer(workplace.report, works, workers)

    def report_frames(progress: tuple[int, int]) -> None:
        number, frames = progress
        if number in places:  # a helper's last words about a segment may come after the segment
            index = places[number]
            done[index] = max(done[index], frames)
            mixer.share(index, done[index] / tasks[index].segment.frames, f"segment {number + 1}")
            workplace.report.advance(sum(done), f"segment {number + 1}")

    def finish(index: int, _outcome: None) -> None:
        mixer.finish(index)
        report_frames((tasks[index].segment.number, tasks[index].segment.frames))

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for the processes: idle threads of it would spin beside x264
    workplace.executor.run(
        _render,
        [_work(task, needs) for task in tasks],
        jobs=workers,
        on_done=finish,
        on_message=report_frames if workers > 1 else None,
        on_loss=workplace.report.warn,
    )


def _place_for(plan: EncoderPlan, workplace: Workplace) -> Workplace:
    """Where segments are made: a hardware encoder was tried on this machine, and others may have none."""
    if workplace.executor.works_here or plan.codec not in {CODECS[encoder] for encoder in HARDWARE}:
        return workplace
    workplace.report.note(f"segments are encoded on this machine alone: whether workers have {plan.codec} is not known")
    return replace(workplace, executor=ProcessExecutor(), jobs=min(workplace.jobs, usable_cores()))


def _work(task: _SegmentTask, needs: Needs) -> Work[_SegmentTask]:
    place = partial(Store(task.store_root).publish, task.piece)
    frames = float(task.segment.frames)
    return Work(task, task.piece.key, task.piece.name, needs, place=place, unread="*.safetensors", amount=frames)


def _part(segment: FrameRange) -> str:
    """Which of the bars a segment counts for: its section's, or that of cards and footage."""
    clip = segment.clip
    return f"section-{clip.section + 1}" if isinstance(clip, SceneClip) else "cards"


def _render(task: _SegmentTask) -> None:
    segment, reported = task.segment, 0

    def report_frames(done: int) -> None:
        nonlocal reported
        if done >= reported + _FRAMES_BETWEEN_WORDS:
            reported = done
            send_to_parent((segment.number, done))

    own = segment.clip_frames
    with Store(task.store_root).publish(task.piece) as folder:
        record = Segment(start_frame=own.start, end_frame=own.stop, encoder=task.plan.codec)
        path = folder / record.video_file
        if isinstance(segment.clip, InsertClip):
            _encode_insert(task, segment.clip, path, report_frames)
        else:
            with drawer_for(task.inputs, segment.clip, workspace=folder) as drawer:
                encode_frames(
                    drawer.draw,
                    start_frame=own.start,
                    end_frame=own.stop,
                    path=path,
                    plan=task.plan,
                    on_frame=report_frames,
                )
        write_record(folder, record)


def _encode_insert(task: _SegmentTask, clip: InsertClip, path: Path, report_frames: Callable[[int], None]) -> None:
    """Let one ffmpeg decode, shape and encode footage: its frames never come to us."""
    own = task.segment.clip_frames
    with TemporaryDirectory(prefix="build-video-") as aside:
        encode_footage(
            footage_of(task.inputs, clip, Path(aside)),
            first=own.start,
            end=own.stop,
            path=path,
            plan=task.plan,
            on_frame=report_frames,
        )
