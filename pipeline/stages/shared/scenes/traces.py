"""What was recorded of a section's network, as its scene shows it: beside each sound, from where that begins.

This module knows where traces lie. It does not know how they are drawn.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.quantise import code_values
from pipeline.film.timeline.timeline import SceneClip, SoundClip
from pipeline.learning.corpus import Corpus
from pipeline.learning.sampling.take import Take
from pipeline.picture.panels.scene_data import CellRows, SceneActivity, SceneDistributions, WindowRows
from pipeline.stages.shared.render_inputs import RenderInputs
from pipeline.stages.shared.scenes.cell_order import cell_order, some_windows
from pipeline.store.store import Json, Result


def distributions_of(inputs: RenderInputs, scene: SceneClip) -> SceneDistributions:
    """From which distributions the sounds of a scene were drawn."""
    corpus = inputs.corpora[scene.section].record
    if not isinstance(corpus, Corpus):
        return SceneDistributions()  # nothing is known of another program's network
    return SceneDistributions(
        of_sounds=tuple(_distribution(_traced_take(inputs, scene, sound), sound) for sound in scene.sounds),
        values=code_values(corpus.encoding),
    )


def activity_of(inputs: RenderInputs, scene: SceneClip) -> SceneActivity:
    """What the cells did while the sounds of a scene were generated, in the order of the section."""
    takes = [_traced_take(inputs, scene, sound) for sound in scene.sounds]
    last = _last_traced(inputs, scene)
    if last is None:
        return SceneActivity()
    path = _cells_path(last)
    return SceneActivity(
        of_sounds=tuple(_cells(take, sound) for take, sound in zip(takes, scene.sounds, strict=True)),
        order=_order(path, path.stat().st_mtime_ns),
    )


def activity_key(inputs: RenderInputs, scene: SceneClip) -> Json:
    """Return what determines the order beside the sounds: the section's last take."""
    last = _last_traced(inputs, scene)
    return None if last is None else last.content_hash


def _traced_take(inputs: RenderInputs, scene: SceneClip, sound: SoundClip) -> Result[Take] | None:
    if sound.kind == "recording":
        return None
    return next((take for take in _traced(inputs, scene) if take.record.iteration == sound.iteration), None)


def _last_traced(inputs: RenderInputs, scene: SceneClip) -> Result[Take] | None:
    return max(_traced(inputs, scene), key=lambda take: take.record.iteration, default=None)


def _traced(inputs: RenderInputs, scene: SceneClip) -> list[Result[Take]]:
    """The section's takes that were sampled with traces; of another program's run there are none."""
    takes = (take for take in inputs.takes[scene.section] if isinstance(take.record, Take))
    return [take for take in takes if take.record.traces is not None]


def _distribution(take: Result[Take] | None, sound: SoundClip) -> WindowRows | None:
    if take is None or (traces := take.record.traces) is None:
        return None
    rows = np.load(take.path(traces.distribution_file), mmap_mode="r", allow_pickle=False)
    return WindowRows(rows, traces.distribution_samples, _first_sample(take, sound))


def _cells(take: Result[Take] | None, sound: SoundClip) -> CellRows | None:
    if take is None or (traces := take.record.traces) is None:
        return None
    rows = np.load(take.path(traces.cells_file), mmap_mode="r", allow_pickle=False)
    middle = np.asarray(some_windows(rows).mean(axis=0), dtype=np.float32)
    return CellRows(rows, traces.cells_samples, _first_sample(take, sound), middle)


def _first_sample(take: Result[Take], sound: SoundClip) -> int:
    return round(sound.source_start_s * take.record.sample_rate_hz)


def _cells_path(take: Result[Take]) -> Path:
    return take.path(take.record.traces.cells_file if take.record.traces is not None else "")


@lru_cache(maxsize=4)
def _order(path: Path, _mtime_ns: int) -> NDArray[np.int64]:
    return cell_order(np.load(path, mmap_mode="r", allow_pickle=False))
