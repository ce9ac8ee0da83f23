"""What was recorded of a section's network, as its scene shows it: beside each sound, from where that begins.

This module knows where traces lie. It does not know how they are drawn.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.film.timeline.timeline import SceneClip, SoundClip
from pipeline.learning.sampling.take import Take
from pipeline.picture.panels.scene_data import SceneActivity, SceneDistributions, WindowRows
from pipeline.sound.signal.quantise import code_values
from pipeline.stages.shared.render_inputs import RenderInputs
from pipeline.stages.shared.scenes.cell_order import cell_order, some_windows
from pipeline.store.store import Json, Result


def distributions_of(inputs: RenderInputs, scene: SceneClip) -> SceneDistributions:
    """From which distributions the sounds of a scene were drawn."""
    return SceneDistributions(
        of_sounds=tuple(_distribution(_traced_take(inputs, scene, sound), sound) for sound in scene.sounds),
        values=code_values(inputs.corpora[scene.section].record.encoding),
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
        middles=tuple(None if take is None else _middle(_cells_path(take)) for take in takes),
        order=_order(path, path.stat().st_mtime_ns),
    )


def activity_key(inputs: RenderInputs, scene: SceneClip) -> Json:
    """Return what determines the order beside the sounds: the section's last take."""
    last = _last_traced(inputs, scene)
    return None if last is None else last.content_hash


def _traced_take(inputs: RenderInputs, scene: SceneClip, sound: SoundClip) -> Result[Take] | None:
    if sound.kind == "recording":
        return None
    takes = (take for take in inputs.takes[scene.section] if take.record.iteration == sound.iteration)
    return next((take for take in takes if take.record.traces is not None), None)


def _last_traced(inputs: RenderInputs, scene: SceneClip) -> Result[Take] | None:
    traced = [take for take in inputs.takes[scene.section] if take.record.traces is not None]
    return max(traced, key=lambda take: take.record.iteration, default=None)


def _distribution(take: Result[Take] | None, sound: SoundClip) -> WindowRows | None:
    if take is None or (traces := take.record.traces) is None:
        return None
    return _rows(take.path(traces.distribution_file), traces.distribution_samples, take.record, sound)


def _cells(take: Result[Take] | None, sound: SoundClip) -> WindowRows | None:
    if take is None or (traces := take.record.traces) is None:
        return None
    return _rows(take.path(traces.cells_file), traces.cells_samples, take.record, sound)


def _rows(path: Path, window_samples: int, take: Take, sound: SoundClip) -> WindowRows:
    first = round(sound.source_start_s * take.sample_rate_hz)
    return WindowRows(np.load(path, mmap_mode="r", allow_pickle=False), window_samples, first)


def _cells_path(take: Result[Take]) -> Path:
    return take.path(take.record.traces.cells_file if take.record.traces is not None else "")


def _middle(path: Path) -> NDArray[np.float32]:
    return np.asarray(some_windows(np.load(path, mmap_mode="r", allow_pickle=False)).mean(axis=0), dtype=np.float32)


@lru_cache(maxsize=4)
def _order(path: Path, _mtime_ns: int) -> NDArray[np.int64]:
    return cell_order(np.load(path, mmap_mode="r", allow_pickle=False))
