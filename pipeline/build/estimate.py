"""What a build will take, from counts and speeds: by stage, before anything is made.

Counts come from the production (iterations, bytes, takes, frames, pixels), speeds from earlier builds on this machine,
else from usual values and one short measurement. Nothing is read or made here but the lengths of recordings.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import soundfile

from pipeline.build.speeds import BELIEVED, Speeds
from pipeline.film.planning.settings import VideoSettings
from pipeline.learning.models.network import NetworkSettings
from pipeline.learning.recipes.recipe import Recipe, TrainingSettings, planned_iterations, resolve
from pipeline.production.schema import Production
from pipeline.production.section import Section
from pipeline.runtime.progress.reporter import WorkTime
from pipeline.sound.inputs.sound_file import name_of

_TRAINING_PASSES: Final = 3
"""Forward once, backward twice as much."""
_TRAINING_START_S: Final = 6.0
"""Until the first update is made: a process starts, and plans."""
_UPDATE_OVERHEAD: Final = 1.6e6
"""Of every move of a layer within an update, counted as additions: small networks are bound by it."""
_SAMPLE_FLOPS: Final = 3e10
_SAMPLE_OVERHEAD: Final = 6e4
"""Of every byte said, counted as additions."""
SOUNDS: Final = "sounds"
"""The name under which the speed of decoding a run's sounds is kept."""
SINGING: Final = "singing"
"""The same of singing, in seconds of song a second."""
_PROCESS_START_S: Final = 2.0
"""Until helper processes do what they are for."""
_PREPARE_BYTES_PER_S: Final = 2e6
_STORYBOARD_S: Final = 0.5
_CARD_PX_PER_S: Final = 2.5e6
_RENDER_PX_PER_S: Final[Mapping[str, float]] = {"draft": 2.5e8, "web": 2e8, "archive": 2e7, "lossless": 8e7}
_SOUND_S_PER_S: Final = 12.0
_CHECK_PX_PER_S: Final = 8e8
_GRAPHS_PER_S: Final = 1.0
"""Sections whose four graphs are drawn in a second."""
_USUAL_BYTES_PER_S: Final = 16_000
"""Of recordings whose length their file does not say quickly."""
_HAND_FOOTAGE_S: Final = 10.0
"""Of footage whose length is not set."""


@dataclass(frozen=True)
class Amount:
    """How much work one announced piece of work is.

    Parameters
    ----------
    stage, speed
        The stage, and the name under which its speed is kept.
    amount
        How much of it there is to do, in the unit of the speed.
    usual
        The speed that is guessed where none is known.
    fixed_s
        What it takes beside that; all of it where nothing is learned.
    """

    stage: str
    speed: str
    amount: float
    usual: float
    fixed_s: float = 0.0

    def time(self, speeds: Speeds) -> WorkTime:
        """How long it will take."""
        if not self.speed:
            return WorkTime(self.stage, self.fixed_s, "set")
        seconds = self.amount / speeds.of(self.speed, self.usual, within=BELIEVED) + self.fixed_s
        return WorkTime(self.stage, seconds, "remembered" if self.speed in speeds else "guessed")


@dataclass(frozen=True)
class TrainingAhead:
    """One training: its network, its settings, and the bytes that are learned."""

    network: NetworkSettings
    settings: TrainingSettings
    train_bytes: float

    @property
    def _recipe(self) -> Recipe:
        return resolve(self.settings, self._group)

    @property
    def _group(self) -> int:
        return self.network.group

    @property
    def iterations(self) -> int | None:
        """How many updates it makes; None where it ends by the clock alone."""
        settings, recipe = self.settings, self._recipe
        if settings.ends_by_clock:
            return None
        return planned_iterations(settings, max(1.0, self.train_bytes / (recipe.batch * recipe.sequence)), None)

    @property
    def update_flops(self) -> float:
        """Arithmetic of one update."""
        recipe = self._recipe
        flops = _TRAINING_PASSES * self.network.flops_per_byte * recipe.batch * recipe.sequence
        return flops + _UPDATE_OVERHEAD * self.network.layers * recipe.sequence / self._group

    def speed_names(self, device: str, threads: int) -> tuple[str, str]:
        """Under which names its speed is kept: of this very training (updates a second), and of its kind (FLOP/s)."""
        identity = {
            "network": self.network.model_dump(mode="json"),
            "training": self.settings.model_dump(mode="json", exclude={"epochs", "iterations", "minutes", "seed"}),
            "where": [device, threads],
        }
        key = sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        return f"train/{key}", f"train/{self.network.kind}/{self.settings.recipe}/{device}"

    def time(self, speeds: Speeds, *, device: str, threads: int, core_flops: float) -> WorkTime:
        """How long it takes from its beginning.

        Parameters
        ----------
        core_flops
            Of one core a second, where this kind of training was never measured.
        """
        minutes_s = 60.0 * self.settings.minutes if self.settings.minutes is not None else float("inf")
        iterations = self.iterations
        if iterations is None:
            return WorkTime("train", minutes_s, "set")
        own, kind = self.speed_names(device, threads)
        by_kind = speeds.of(kind, core_flops, within=BELIEVED) * threads / self.update_flops
        seconds = iterations / speeds.of(own, by_kind) + _TRAINING_START_S
        if minutes_s <= seconds:
            return WorkTime("train", minutes_s, "set")
        return WorkTime("train", seconds, "remembered" if own in speeds or kind in speeds else "guessed")


def side_by_side_s(seconds: Sequence[float], workers: int) -> float:
    """How long tasks take that are begun in their order, so many at once."""
    free = [0.0] * max(1, workers)
    for each in seconds:
        heapq.heappush(free, heapq.heappop(free) + each)
    return max(free)


def file_bytes(path: Path) -> int:
    """How large a file is; 0 where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def length_s(path: Path) -> float:
    """How long a recording is, as far as its file says so quickly; else as long as such files usually are."""
    try:
        return float(soundfile.info(name_of(path)).duration)
    except (OSError, RuntimeError):
        return file_bytes(path) / _USUAL_BYTES_PER_S


def film_seconds(production: Production, songs_s: float = 0.0) -> float:
    """About how long the film will be, with its songs' seconds; its storyboard says it exactly, once there is one."""
    video = production.video
    total = songs_s + video.title_seconds + video.credits_seconds
    total += video.comparison_seconds if len(production.sections) > 1 else 0.0
    for section in production.sections:
        story = section.storyboard
        total += story.card_seconds + story.recording_seconds + _takes_seconds(section) + story.recap_length_s
    total += sum(card.seconds for card in production.cards)
    return total + sum(insert.seconds or _HAND_FOOTAGE_S for insert in production.inserts)


def _takes_seconds(section: Section) -> float:
    story = section.storyboard
    fixed = [line.seconds for line in story.take]
    if fixed and None not in fixed:
        return sum(seconds for seconds in fixed if seconds is not None)
    return story.takes_seconds


def sample_amount(section: Section, network: NetworkSettings, device: str, jobs: int, share: float) -> Amount:
    """What a section's takes are to compute."""
    sampling, story = section.sampling, section.storyboard
    seconds = _takes_seconds(section)
    if sampling.seconds is not None:
        seconds = sampling.seconds * (len(story.take) or story.takes)
    samples = seconds * section.corpus.sample_rate_hz * sampling.candidates * share
    amount = samples * (network.flops_per_byte + _SAMPLE_OVERHEAD) / jobs
    return Amount("sample", f"sample/{network.kind}/{device}", amount, _SAMPLE_FLOPS, _PROCESS_START_S)


def prepare_amount(recording_bytes: float) -> Amount:
    """What a section's recordings are to read."""
    return Amount("prepare", "prepare", recording_bytes, _PREPARE_BYTES_PER_S)


def story_amount(share: float) -> Amount:
    """The storyboard: quick whatever it tells."""
    return Amount("storyboard", "", 0.0, 1.0, _STORYBOARD_S * share)


def cards_amount(production: Production, share: float) -> Amount:
    """What the cards are to draw."""
    video = production.video
    cards = 1 + len(production.cards) + (video.title_seconds > 0) + (video.credits_seconds > 0)
    cards += video.comparison_seconds > 0 and len(production.sections) > 1
    cards += sum((one.storyboard.card_seconds > 0) + one.storyboard.recap for one in production.sections)
    return Amount("cards", "cards", cards * video.width * video.height * share, _CARD_PX_PER_S)


def render_amount(video: VideoSettings, seconds: float, jobs: int, share: float) -> Amount:
    """What the film is to draw and encode."""
    how = f"render/{video.encoder}/{video.quality}/{video.preset or ''}"
    amount = _pixels(video, seconds) * share / jobs
    return Amount("render", how, amount, _RENDER_PX_PER_S[video.quality] / 2, _PROCESS_START_S)


def compose_amounts(
    video: VideoSettings, seconds: float, jobs: int, *, sound: bool, film: bool, graphs: int = 0
) -> list[Amount]:
    """What is to mix, encode and measure of the sound, to draw of so many sections' graphs, to join and check."""
    hurried = "hurried" if video.quality == "draft" else "whole"
    found = []
    if sound:
        found.append(Amount("compose", f"compose/sound/{hurried}", seconds, _SOUND_S_PER_S))
    if graphs:
        found.append(Amount("compose", "compose/graphs", graphs, _GRAPHS_PER_S))
    if film:
        found.append(Amount("compose", "compose/film", _pixels(video, seconds) / jobs, _CHECK_PX_PER_S / 2))
    return found


def _pixels(video: VideoSettings, seconds: float) -> float:
    return seconds * float(video.frame_rate) * video.width * video.height


def announced(stage: str, amounts: Sequence[Amount]) -> list[Sequence[Amount]]:
    """Amounts by what is announced as one: takes of our own networks, then the sounds of runs, then each song."""
    if stage != "sample":
        return [[one] for one in amounts]
    takes = [one for one in amounts if one.speed not in {SOUNDS, SINGING}]
    kinds = [takes, [one for one in amounts if one.speed == SOUNDS]]
    kinds += [[one] for one in amounts if one.speed == SINGING]
    return [kind for kind in kinds if any(one.amount > 0 for one in kind)]


def together(amounts: Sequence[Amount], speeds: Speeds) -> WorkTime:
    """Of amounts that are announced as one, begun once."""
    times = [replace(one, fixed_s=0.0).time(speeds) for one in amounts]
    seconds = sum(one.seconds for one in times) + max(one.fixed_s for one in amounts)
    remembered = all(one.basis == "remembered" for one in times)
    return WorkTime(times[0].stage, seconds, "remembered" if remembered else "guessed")
