"""The oscilloscope panel: the last few tens of milliseconds, triggered so that a steady tone stands still.

A pure function of the sound: nothing is remembered from frame to frame. The trigger finds the sound's period, smooths
away what is faster than the fundamental, and takes the steepest rise of the last whole period: for a periodic sound
that is the same place in every period, whatever its harmonics do.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.picture.drawing.blend import blend_box, blend_mask
from pipeline.picture.drawing.canvas import stroke
from pipeline.picture.drawing.planes import Planes
from pipeline.picture.panels.panel import RenderContext, ScenePanel
from pipeline.picture.panels.scene_data import SceneSound
from pipeline.picture.panels.settings import PanelSettings

Floats = NDArray[np.float32]

LOWEST_VOICE_HZ: Final = 60.0
HIGHEST_VOICE_HZ: Final = 500.0
CLEAR: Final = 0.3  # an autocorrelation peak lower than this is no period
FULLEST: Final = 0.88  # of half the height, at a sound's loudest sample
LEAST_SHARE: Final = 0.4  # of the scene's loudest sample: a sound quieter than this is not blown up further
QUIETEST_PEAK: Final = 0.02
SMOOTH_SHARE: Final = 0.18  # of a period: the standard deviation of what the trigger smooths with


def period_of(samples: Floats, sample_rate_hz: int) -> float:
    """The period of the last samples, in samples; 0 where there is none in a voice's range."""
    lowest, highest = int(sample_rate_hz / HIGHEST_VOICE_HZ), int(sample_rate_hz / LOWEST_VOICE_HZ)
    count = samples.size - highest - 1
    if count < highest // 2 or lowest < 1:
        return 0.0
    size = 1 << int(np.ceil(np.log2(2 * samples.size)))
    plain = samples - samples.mean()
    spectrum = np.fft.rfft(plain, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, size)[: highest + 2]
    energy = np.concatenate([[0.0], np.cumsum(plain.astype(np.float64) ** 2)])
    lags = np.arange(highest + 2)
    scale = np.sqrt((energy[plain.size - lags]) * (energy[-1] - energy[lags]))
    likeness = correlation / np.maximum(scale, 1e-9)
    inside = likeness[lowest : highest + 1]
    best = float(inside.max(initial=0.0))
    if best < CLEAR:
        return 0.0
    # The first peak that is nearly as high as the highest: twice the period is a period too.
    peaks = np.flatnonzero((inside >= likeness[lowest - 1 : highest]) & (inside >= likeness[lowest + 1 : highest + 2]))
    good = peaks[inside[peaks] > 0.9 * best]
    lag = lowest + int(good[0] if good.size else inside.argmax())
    before, at, after = (float(likeness[lag + step]) for step in (-1, 0, 1))
    bend = before - 2 * at + after
    return lag + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def trigger(samples: Floats, sample_rate_hz: int, span: int) -> float:
    """Where, in samples from the beginning, a picture of `span` samples should begin so that it stands still.

    The picture ends as late as it can. Without a period it ends at the last sample.
    """
    latest = float(samples.size - span)
    period = period_of(samples, sample_rate_hz)
    if period <= 0 or latest < 2 * period:
        return max(0.0, latest)
    sigma = SMOOTH_SHARE * period
    reach = int(3 * sigma) + 1
    offsets = np.arange(-reach, reach + 1)
    rise = offsets * np.exp(-0.5 * (offsets / sigma) ** 2)
    begin = int(latest - period) - reach - 2
    end = int(np.ceil(latest)) + reach + 2
    if begin < 0 or end > samples.size:
        return max(0.0, latest)
    steepness = np.correlate(samples[begin:end].astype(np.float64), rise, mode="valid")
    at = int(steepness[1:-1].argmax()) + 1
    bend = steepness[at - 1] - 2 * steepness[at] + steepness[at + 1]
    fraction = 0.5 * (steepness[at - 1] - steepness[at + 1]) / bend if bend < 0 else 0.0
    found = begin + reach + at + float(fraction)
    return found if found <= latest else found - period


class OscilloscopeSettings(PanelSettings):
    """The last few tens of milliseconds, triggered so that a steady tone stands still."""

    kind: Literal["oscilloscope"]
    span_ms: Annotated[float, Field(ge=2, le=500)] = 30.0
    """How much sound is seen."""


class OscilloscopePanel(ScenePanel[OscilloscopeSettings]):
    """Draws the oscilloscope panel."""

    settings_type = OscilloscopeSettings
    reads = frozenset({"sounds"})

    def __init__(self, context: RenderContext, settings: OscilloscopeSettings) -> None:
        super().__init__(context, settings)
        self.origin_px = self.box.width // 2
        peaks = [sound.peak for sound in context.data.sounds]
        least = max(QUIETEST_PEAK, LEAST_SHARE * max(peaks, default=0.0))
        self._gains = [FULLEST / max(peak, least) for peak in peaks]
        self._half = context.line_px("graph") / 2

    def draw_base(self, base: Planes) -> None:
        """Draw the ground and the line of rest."""
        box, context = self.box, self._context
        corner = 0.012 * context.size_px
        blend_box(base, (box.left, box.top, box.right, box.bottom), context.ink("panel"), radius_px=corner)
        thin, middle = context.line_px("grid"), box.top + box.height / 2
        blend_box(base, (box.left, middle - thin / 2, box.right, middle + thin / 2), context.ink("grid"), 0.8)

    def draw(self, frame: int, planes: Planes) -> None:
        """Draw what sounds just now."""
        box, data = self.box, self._context.data
        sounding = enumerate(one.start_frame <= frame < one.end_frame for one in data.sounds)
        index = next((index for index, sounds in sounding if sounds), None)
        if index is None:
            return
        sound, gain = data.sounds[index], self._gains[index]
        mask = np.zeros((box.height, box.width), dtype=np.float32)
        levels = self.levels(sound, frame - sound.start_frame)
        xs = np.linspace(0, box.width, levels.size).astype(np.float32)
        rows = (box.height / 2 * (1 - np.clip(levels * gain, -1, 1))).astype(np.float32)
        stroke(mask, xs, rows, self._half, 1.0)
        blend_mask(
            planes, mask, (box.left, box.top), self._context.ink("upcoming" if sound.kind == "take" else "accent")
        )

    def levels(self, sound: SceneSound, frame: int) -> Floats:
        """The levels from the picture's left to its right edge, frames counted from the sound's beginning."""
        rate = sound.sample_rate_hz
        data = self._context.data.frame_rate
        now = int((2 * frame + 1) * rate * data.denominator // (2 * data.numerator))
        span = max(2, int(self._settings.span_ms / 1000 * rate))
        history = span + int(3.5 * rate / LOWEST_VOICE_HZ)
        last = now + span // 2
        window = np.zeros(history, dtype=np.float32)
        inside = sound.samples[max(0, last - history) : max(last, 0)]
        begin = history - (last - max(0, last - history))
        window[begin : begin + inside.size] = inside
        start = trigger(window, rate, span)
        points = np.linspace(start, start + span - 1, min(max(2, self.box.width // 2), 4 * span))
        return np.interp(points, np.arange(history), window).astype(np.float32)
