"""The delivery spec: what a film must be besides its timeline, saved beside it as `promise.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.errors import FootageError
from pipeline.film.timeline.timeline import TimelineRecord
from pipeline.store.names import PlainName

SPEC_FILE: Final = "promise.json"
_LARGEST_SPEC_BYTES: Final = 1 << 16


class DeliverySpec(TimelineRecord):
    """What a film must be, besides its timeline; saved beside the film as `promise.json`.

    Parameters
    ----------
    codec
        The video's codec as ffmpeg calls a decoder: `h264`.
    lossless
        Whether the picture is a lossless master, which is of another profile.
    loudness_lufs
        What was measured when the sound was encoded; not checked where None.
    target_lufs
        What was wanted: less is right only where the peaks allow no more. Not checked where None.
    true_peak_dbtp
        The limit of the sound's peaks; not checked where None.
    limiter_db
        By how much peaks may be lowered at most.
    is_held_down
        Whether it was found that peaks allow no more; None where that was not looked at.
    subtitles
        The languages of its subtitle tracks, as MP4 has them: `eng`.
    video_file
        The film's file; None where that is not known.
    """

    codec: str = "h264"
    lossless: bool = False
    loudness_lufs: float | None = None
    target_lufs: float | None = None
    true_peak_dbtp: float | None = None
    limiter_db: float = 0.0
    is_held_down: bool | None = None
    subtitles: tuple[str, ...] = ()
    video_file: PlainName | None = None


def read_spec(path: Path) -> DeliverySpec:
    """Read the delivery spec that was written with a film.

    Raises
    ------
    FileNotFoundError
        Where there is none.
    FootageError
        Where it is none.
    """
    try:
        with path.open("rb") as file:
            return DeliverySpec.model_validate_json(file.read(_LARGEST_SPEC_BYTES))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise FootageError(
            "The delivery spec of this film can't be read.",
            where=str(path),
            expected="the promise.json that was written with the film, or none",
        ) from error
