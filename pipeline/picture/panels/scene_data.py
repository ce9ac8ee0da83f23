"""What a scene shows, as plain arrays and numbers.

Whoever joins the rooms fills these in from takes, loss logs and the timeline. A picture knows nothing of files,
checkpoints or networks: only of samples, losses and frames.

All frames are counted from one beginning: the film's or, so that a scene looks the same wherever it stands, its own. A
scene's frames are `start_frame <= frame < end_frame`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.samples import Samples
from pipeline.picture.plotting.named_losses import NamedLosses
from pipeline.runtime.wording.units import BITS_PER_BYTE, LossUnit

SONG_FIELDS: Final = frozenset({"song", "song_picture"})
"""What scenes of songs alone show."""
FRAME_FIELDS: Final = frozenset({"start_frame", "end_frame", "frame_rate", "width", "height"})
"""The fields of `SceneData` that every panel reads."""
NETWORK_FIELDS: Final = frozenset({"distributions", "activity"})
"""The fields that are there only where takes were sampled with traces."""
_PASSAGE_S: Final = 0.02
_PASSAGES: Final = 512
"""So many short passages of a sound, evenly spread, tell how loud it becomes."""
_LOUD_PERCENTILE: Final = 95.0


@runtime_checkable
class KnowsPeak(Protocol):
    """Samples that know their highest level without being read as numbers."""

    def peak(self) -> float:
        """The highest level, full scale = 1; 0 where there are no samples."""


@dataclass(frozen=True, eq=False)
class SceneSound:
    """One sound of a scene: a recording's excerpt or a take.

    Parameters
    ----------
    start_frame, end_frame
        The frames during which it sounds.
    samples
        Mono, between -1 and 1; sample 0 sounds at `start_frame`. Hours of them need not lie in memory. What is missing
        at the end is silence, what is too much isn't shown.
    sample_rate_hz
        Samples a second.
    kind
        Recording or take: they are tinted apart.
    label
        The words on its tick in the waveform, such as `iteration 3,000`. May be empty.
    short_label
        What to write where there is no room for `label`, such as `3,000`. May be empty.
    iteration
        The iteration of a take's checkpoint; None for a recording.
    number, of
        Which of its section's takes it is, counted from 1, 0 for a recording, and how many there are: a scene may have
        but some of them, where cards stand between. 0 of 0 where that is not known.
    """

    start_frame: int
    end_frame: int
    samples: Samples
    sample_rate_hz: int
    kind: Literal["recording", "take"]
    label: str = ""
    short_label: str = ""
    iteration: int | None = None
    number: int = 0
    of: int = 0

    @cached_property
    def peak(self) -> float:
        """The sound's highest level, found once for all panels."""
        if isinstance(self.samples, KnowsPeak):
            return self.samples.peak()
        step = 1 << 20  # in pieces: the samples may be a memory map
        pieces = (self.samples[at : at + step] for at in range(0, len(self.samples), step))
        return max((float(np.abs(piece).max()) for piece in pieces), default=0.0)

    @cached_property
    def loud_peak(self) -> float:
        """The level that the peaks of its loud passages reach, full scale = 1: single clicks don't count."""
        length = max(1, round(_PASSAGE_S * self.sample_rate_hz))
        firsts = np.linspace(0, max(0, len(self.samples) - length), _PASSAGES).astype(np.int64)
        passages = (self.samples[first : first + length] for first in np.unique(firsts))
        peaks = [float(np.abs(passage).max(initial=0.0)) for passage in passages]
        return float(np.percentile(peaks, _LOUD_PERCENTILE))


def loud_level(sounds: Sequence[SceneSound]) -> float:
    """The level that the loud passages of a section reach, full scale = 1; 0 where nothing sounds.

    Those of the recording, or of the takes in the last half of the time that takes have, whichever are louder: what
    barely trained networks generate is often far louder than any voice, and says nothing of how loud voices are.
    """
    recorded = [sound.loud_peak for sound in sounds if sound.kind == "recording"]
    takes = [sound for sound in sounds if sound.kind == "take"]
    left = sum(take.end_frame - take.start_frame for take in takes) / 2
    frames, total = 0.0, 0.0
    for take in reversed(takes):
        part = min(left - frames, take.end_frame - take.start_frame)
        if part > 0:
            frames, total = frames + part, total + part * take.loud_peak
    return max([*recorded, total / frames if frames else 0.0])


@dataclass(frozen=True, eq=False)
class WindowRows:
    """A row of numbers for each window of a sound's samples, recorded of the network that generated it.

    Parameters
    ----------
    rows
        shape = (windows, numbers); they need not lie in memory.
    window_samples
        How many samples a window has.
    first_sample
        At which sample of the first row's sound the scene's sound begins.
    """

    rows: NDArray[np.uint8] | NDArray[np.int8]
    window_samples: int
    first_sample: int = 0

    def between(self, samples: NDArray[np.float64]) -> NDArray[np.float32]:
        """Rows at samples of the scene's sound (fractions too, ascending), interpolated between windows' middles.

        Returns
        -------
        NDArray[np.float32]
            shape = (samples, numbers).
        """
        at = (samples + self.first_sample + 0.5) / self.window_samples - 0.5
        at = np.clip(at, 0, max(len(self.rows) - 1, 0))
        left = at.astype(np.int64)
        if not len(self.rows) or not len(left):
            return np.zeros((len(samples), self.rows.shape[1]), np.float32)
        first = int(left[0])
        read = np.asarray(self.rows[first : int(left[-1]) + 2], dtype=np.float32)  # only what is needed is read
        share = (at - left).astype(np.float32)[:, None]
        right = np.minimum(left + 1 - first, len(read) - 1)
        return np.asarray(read[left - first] * (1 - share) + read[right] * share)


@dataclass(frozen=True, eq=False)
class CellRows(WindowRows):
    """What an LSTM's cells do.

    Parameters
    ----------
    middle
        Each cell's mean over the sound, float32, shape = (cells,).
    """

    middle: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class SceneDistributions:
    """The distributions from which a scene's sounds were drawn.

    Parameters
    ----------
    of_sounds
        For each of the scene's sounds, 255 times the square root of each byte's probability; None where nothing was
        recorded.
    values
        What each byte sounds like, float32, shape = (256,), full scale = 1.
    """

    of_sounds: tuple[WindowRows | None, ...] = ()
    values: NDArray[np.float32] = field(default_factory=lambda: np.linspace(-1, 1, 256, dtype=np.float32))


@dataclass(frozen=True, eq=False)
class SceneActivity:
    """The LSTM's cells while a scene's sounds were generated.

    Parameters
    ----------
    of_sounds
        For each of the scene's sounds, 127 times the hyperbolic tangent of each cell; None where nothing was recorded.
    order
        The cells from top to bottom, a permutation: those that move together lie together.
    """

    of_sounds: tuple[CellRows | None, ...] = ()
    order: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def _no_numbers() -> NDArray[np.float64]:
    return np.zeros(0, dtype=np.float64)


def _no_counts() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class LossHistory:
    """One network's losses over its training. Either series may be empty.

    Parameters
    ----------
    iterations, losses, epochs, elapsed_s
        The training loss and where it stands, shapes (n,), iterations ascending. `epochs` and `elapsed_s` may be empty;
        elapsed seconds that are all 0 are not shown.
    validation_iterations, validation_losses
        The validation loss at each checkpoint, shapes (m,), iterations ascending.
    label
        The section's title, for the legend where several are overlaid.
    unit
        How losses are shown: by default nats, as bits per byte.
    epochs_at, elapsed_at
        The iterations of `epochs` and `elapsed_s`, shapes (k,); None where they are the training loss's.
    names
        What the training loss and the validation loss are called in the log of another program.
    further_training, further_validation
        More curves of such a log, in the same unit.
    """

    iterations: NDArray[np.int64] = field(default_factory=_no_counts)
    losses: NDArray[np.floating] = field(default_factory=_no_numbers)
    epochs: NDArray[np.float64] = field(default_factory=_no_numbers)
    elapsed_s: NDArray[np.float64] = field(default_factory=_no_numbers)
    validation_iterations: NDArray[np.int64] = field(default_factory=_no_counts)
    validation_losses: NDArray[np.floating] = field(default_factory=_no_numbers)
    label: str = ""
    unit: LossUnit = BITS_PER_BYTE
    epochs_at: NDArray[np.int64] | None = None
    elapsed_at: NDArray[np.int64] | None = None
    names: tuple[str, str] = ("", "")
    further_training: tuple[NamedLosses, ...] = ()
    further_validation: tuple[NamedLosses, ...] = ()

    def further(self, series: Literal["training", "validation"]) -> tuple[NamedLosses, ...]:
        """The further curves of a series."""
        return self.further_training if series == "training" else self.further_validation


@dataclass(frozen=True)
class CaptionSpan:
    """A caption, the frames at which it has begun to appear and has gone, and its look among those of the theme."""

    text: str
    in_frame: int
    out_frame: int
    style: str = ""


@dataclass(frozen=True)
class SongNote:
    """A note of a song: which voice sings it, from when to when (frames from the song's first), and its key (MIDI)."""

    voice: int
    start_frame: float
    end_frame: float
    key: float


@dataclass(frozen=True)
class SongSyllable:
    """A syllable: characters `first` to `last` of its line, the last not included, and the frames while it is sung."""

    first: int
    last: int
    start_frame: float
    end_frame: float


@dataclass(frozen=True)
class SongLine:
    """A line of lyrics, its translation or nothing, when it is shown, and its syllables."""

    text: str
    translation: str
    in_frame: int
    out_frame: int
    syllables: tuple[SongSyllable, ...] = ()


@dataclass(frozen=True)
class SceneSong:
    """What is seen of a song: notes in the order of their starts, how many voices there are, and lines in order."""

    notes: tuple[SongNote, ...] = ()
    voices: int = 1
    lines: tuple[SongLine, ...] = ()


@dataclass(frozen=True, eq=False)
class SceneData:
    """Everything that one scene shows.

    Parameters
    ----------
    start_frame, end_frame
        The scene's frames.
    frame_rate
        Frames a second.
    width, height
        The frame's size in pixels, both even.
    sounds
        What sounds, in order, without overlap.
    history
        The losses of this section's network.
    iteration
        The iteration under the playhead at each frame boundary, the same for every axis, shape
        (end_frame - start_frame + 1,), never falling.
    others
        Other sections' losses, drawn beneath for comparison.
    captions
        The captions, in order, without overlap.
    section_title
        The section's title, for the header.
    section_number, section_count
        Which of the film's sections it is, counted from 0, and how many there are, for the progress bar.
    picture
        The user's image or logo: sRGB and opacity, uint8, shape (h, w, 4); None where there is none.
    distributions, activity
        What was recorded of the network that generated the sounds.
    song
        Notes and lyrics, of a song's scene.
    song_picture
        The picture behind it, as `picture`.
    facts
        What texts of one's own may name, beside what is seen just now.
    take_facts
        What they may name as `take`: the facts of each take by its iteration.
    """

    start_frame: int
    end_frame: int
    frame_rate: Fraction
    width: int
    height: int
    sounds: tuple[SceneSound, ...]
    history: LossHistory
    iteration: NDArray[np.float64]
    others: tuple[LossHistory, ...] = ()
    captions: tuple[CaptionSpan, ...] = ()
    section_title: str = ""
    section_number: int = 0
    section_count: int = 1
    picture: NDArray[np.uint8] | None = None
    distributions: SceneDistributions = SceneDistributions()
    activity: SceneActivity = SceneActivity()
    song: SceneSong = SceneSong()
    song_picture: NDArray[np.uint8] | None = None
    facts: Mapping[str, Any] | None = None
    take_facts: Mapping[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shapes at the door, so that no panel has to."""
        boundaries = (self.end_frame - self.start_frame + 1,)
        checks = {
            "the scene has at least one frame": self.end_frame > self.start_frame >= 0,
            "the frame's sides are even and positive": self.width % 2
            == self.height % 2
            == 0
            < min(self.width, self.height),
            "the scene's section is one of those there are": 0 <= self.section_number < self.section_count,
            "the frame rate is positive": self.frame_rate > 0,
            "iteration has a value for each frame boundary": self.iteration.shape == boundaries,
            "sounds are in order": all(
                one.end_frame <= two.start_frame for one, two in zip(self.sounds, self.sounds[1:], strict=False)
            ),
            "pictures have four channels": self.picture is None or self.picture.shape[2:] == (4,),
        }
        for claim, holds in checks.items():
            if not holds:
                raise ValueError(f"It should hold that {claim}.")

    def take_at(self, frame: int) -> SceneSound | None:
        """The take that is played in a frame; None while the recording or nothing is."""
        return next((s for s in self.sounds if s.iteration is not None and s.start_frame <= frame < s.end_frame), None)

    def iteration_at(self, frame: int) -> float:
        """The iteration that a frame shows: that of the take that is played, or else where the playhead stands."""
        take = self.take_at(frame)
        return float(self.iteration[frame - self.start_frame] if take is None else take.iteration or 0)
