"""What the workers of a cluster are: cores, memory, GPUs, versions, speeds, and whether all see the same folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.cli.doctor import Diagnosis
from pipeline.runtime.cluster.choice import KINDS, read_choice
from pipeline.runtime.cluster.extra import load

if TYPE_CHECKING:
    from pipeline.runtime.cluster.executor import DaskExecutor

_FRAMES: Final = 60
_WAIT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 60.0
"""Jobs of a batch system take so long to begin, where it does not say that they wait for something."""
_LOOK_EVERY_S: Final = 0.2
_MEASURED: Final = ("python", "build-video", "torch", "numpy", "distributed", "ffmpeg")


def examine_cluster(named: str, folder: Path, jobs: int | None) -> list[Diagnosis]:
    """Look at every worker that a scheduler has.

    Parameters
    ----------
    named
        What `--cluster` says.
    folder
        Where films are kept, which workers may see or not.

    Raises
    ------
    InputError
        Where no scheduler answers.
    """
    choice = read_choice(named)
    load("distributed")
    from pipeline.runtime.cluster.opening import connected  # noqa: PLC0415 - brings Dask along

    folder.mkdir(parents=True, exist_ok=True)
    with connected(choice, folder.resolve(), jobs=jobs) as executor:
        asked = choice.jobs * choice.settings.get("processes", 1) if choice.kind in KINDS else 1
        about = _waited_for(executor, asked, _LONGEST_WAIT_S if choice.kind in KINDS else _WAIT_S)
        fit = [address for address, one in about.items() if not one["refusal"]]
        speeds = executor.ask_each(measure_speeds, fit)
        found = [_of_worker(address, one, speeds.get(address)) for address, one in sorted(about.items())]
    count = f"{len(about)} workers, {len(fit)} of them fit" if len(about) != 1 else f"1 worker, {len(fit)} fits"
    if len(about) < asked:
        said = executor.why_no_jobs()
        count += f"; {asked} were asked for" + (f": the batch system says: {said}" if said else "")
    state = "ok" if fit else "missing"
    mend = "" if fit else f"dask worker {choice.address or 'ADDRESS'} starts one; give all the same build-video."
    if not fit and choice.kind in KINDS:
        mend = f"Ask the batch system about its jobs; what they print lies in {folder.resolve() / 'cluster-logs'}."
    away = {address: about[address]["not_shared"] for address in fit if about[address]["not_shared"]}
    shared = f"all that fit read and write in {folder.resolve()}"
    if away:
        shared = "files go to the workers and come back: " + "; ".join(f"{one}: {why}" for one, why in away.items())
    same = Diagnosis("folder", "ok", shared)
    return [Diagnosis("cluster", state, count, mend), *found, *([same] if fit else [])]  # type: ignore[arg-type]


def _waited_for(executor: DaskExecutor, asked: int, longest_s: float) -> dict[str, dict[str, Any]]:
    """Describe the workers once all are there, or it is known why they are not."""
    from pipeline.runtime.cluster.opening import look_at_workers  # noqa: PLC0415 - brings Dask along

    begun = time.monotonic()
    while len(about := look_at_workers(executor)) < asked:
        took_s = time.monotonic() - begun
        if took_s > longest_s or (about and took_s > _WAIT_S and executor.why_no_jobs()):
            break
        time.sleep(_LOOK_EVERY_S)
    return about


def _of_worker(address: str, about: Mapping[str, Any], speeds: object) -> Diagnosis:
    if about["refusal"]:
        return Diagnosis(
            address, "missing", about["refusal"], "Install the same build-video there, with the same extras."
        )
    memory = about["memory_bytes"]
    gpus = ", ".join(about["gpus"]) or "no GPU"
    versions = ", ".join(f"{name} {about['versions'][name]}" for name in _MEASURED)
    words = [
        f"{about['host']}, {about['processor']}, {about['cores']} cores",
        f"{memory / 2**30:.1f} GiB" if memory else "memory without a limit",
        *(gpus, versions),
    ]
    if isinstance(speeds, tuple):
        words.append(f"trains at {speeds[0] / 1e9:.0f} GFLOP/s, encodes {speeds[1]:.0f} frames/s of 1280x720")
    else:
        words.append(f"not measured: {speeds}")
    return Diagnosis(address, "ok", "; ".join(words))


def measure_speeds(threads: int) -> tuple[float, float]:
    """Measure how fast this machine trains and encodes; on a worker, in a process of its own.

    Returns
    -------
    tuple[float, float]
        Operations a second in training, and frames a second of 1280x720 through the encoder of films.
    """
    from pipeline.film.encoding.encoder import EncoderPlan, encode_frames, plan_encoder  # noqa: PLC0415
    from pipeline.film.planning.settings import VideoSettings  # noqa: PLC0415
    from pipeline.learning.hardware import choose_device  # noqa: PLC0415
    from pipeline.learning.training.auto_network import measured_speed  # noqa: PLC0415

    training = measured_speed(choose_device("auto").type, threads)
    plan: EncoderPlan = plan_encoder(VideoSettings(width=1280, height=720))
    ramp = np.add.outer(np.arange(plan.frame_shape[0]), np.arange(plan.frame_shape[1]))

    def draw(frame: int, out: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        out[:] = 16 + (ramp + 8 * frame) % 200

    with TemporaryDirectory(prefix="build-video-") as aside:
        begun = time.perf_counter()
        encode_frames(draw, start_frame=0, end_frame=_FRAMES, path=Path(aside, "speed.mp4"), plan=plan)
        return training, _FRAMES / (time.perf_counter() - begun)
