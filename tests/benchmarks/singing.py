"""How far formants move when a voice is sung higher and lower, on made vowels and on speech.

    python -m tests.benchmarks.singing [WAV of speech ...]

Without files, the readings of the Debian package pocketsphinx-testdata are sung where they are installed. A note slides
by eight semitones, so that its harmonics pass along the envelope, and their levels are compared with a curve
(`tests/song/envelopes.py`: neither linear prediction nor the code of the synthesis). Of made vowels the curve is known.
Of speech it is that of the sung note, compared with the harmonics of the recording; the same is measured

- of harmonics that are added up along the recording's own envelope ("added"): the error of the measure;
- of the recording played 5 % faster ("faster"), against the sung note: what the measure says of formants that moved.

A formant counts where the sung pitch is below it. The last line is JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

from pipeline.audio.measures.pitch import pitch_track
from pipeline.song.voices.found import FoundVoice, Stretch
from pipeline.song.voices.unit import Unit
from tests.song.envelopes import GRID_HZ, Seen, envelope, fitted, harmonics, stretch_of
from tests.song.singing.slides import Alone, slid, slide
from tests.song.speakers import FORMANTS_HZ, response, said

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

READINGS = Path("/usr/share/pocketsphinx/test/data/librivox")
PITCHES_HZ = (90, 120, 160, 220, 300, 350)
TRANSPOSED = (-7.0, 0.0, 7.0)
FASTER = 1.05
WITHIN = 0.05


def made() -> dict[str, float]:
    """Shares of formants within 5 %, by the pitch at which a vowel was made."""
    found = {}
    for hz in PITCHES_HZ:
        moved, unlike_db = [], []
        for which, formants in FORMANTS_HZ.items():
            singer = Alone(Unit(which, said(which, hz), 16000))
            true = 20 * np.log10(np.abs(response(which, GRID_HZ)))
            for transpose in TRANSPOSED:
                seen = slid(singer, key_of(hz), transpose)
                sung_hz = hz * 2 ** (transpose / 12)
                moved += [stretch_of(seen, true, one)[0] for one in formants if one > sung_hz]
                unlike_db.append(stretch_of(seen, true)[1])
        found[str(hz)] = share(moved)
        print(f"made at {hz} Hz: {words(moved)}, {np.mean(unlike_db):.1f} dB from the envelope")
    return found


def spoken(paths: Sequence[Path]) -> dict[str, float]:
    """Shares within 5 % of speech: of all the spectrum, of formants, and of the controls."""
    moved: dict[str, list[float]] = {"whole": [], "formants": [], "added": [], "faster": []}
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        voice = FoundVoice(samples.mean(axis=1), rate)
        for which, stretch in {(one.first, one.last): (name, one) for name, one in voice.vowels.items()}.values():
            own, hz = recorded(samples.mean(axis=1), rate, stretch)
            if len(own) < 5:
                continue
            quick, _ = recorded(faster(samples.mean(axis=1)), rate, moved_stretch(stretch))
            singer = Alone(voice.sounding(which, "", 60).body)
            curve = fitted(own)
            formants = [one for one in peaks(curve) if one > hz * 2 ** (max(TRANSPOSED) / 12)]
            here: list[float] = []
            for transpose in TRANSPOSED:
                sung = envelope(slid(singer, key_of(hz), transpose))
                plain = envelope(added(curve, key_of(hz), transpose))
                moved["whole"].append(stretch_of(own, sung)[0])
                moved["faster"].append(stretch_of(quick, sung)[0])
                here += [stretch_of(own, sung, one)[0] for one in formants]
                moved["added"] += [stretch_of(own, plain, one)[0] for one in formants]
            moved["formants"] += here
            print(f"{path.stem[-24:]} {which} at {hz:.0f} Hz: {words(here)}")
    for name in ("whole", "formants", "added"):
        print(f"{name}: {words(moved[name])}")
    print(f"faster by {FASTER - 1:.0%}: {np.nanmedian(moved['faster']):+.1%} (median)")
    return {name: share(one) for name, one in moved.items() if name != "faster"} | {
        "faster": float(np.nanmedian(moved["faster"]))
    }


def recorded(samples: Floats, rate: int, stretch: Stretch) -> tuple[Seen, float]:
    """The harmonics of a stretch as it was recorded, and its pitch in Hz."""
    centres = np.arange(stretch.first, stretch.last, round(0.005 * rate))
    around = max(0, stretch.first - rate // 10)
    track = pitch_track(
        samples[around : stretch.last + rate // 10], rate, centres - around, np.ones(len(centres), bool)
    )
    moments = [(float(at), float(hz)) for at, hz in zip(centres, track.hz, strict=True) if hz > 0]
    return harmonics(samples, rate, moments, periods=4), float(np.median([hz for _, hz in moments] or [0.0]))


def faster(samples: Floats) -> Floats:
    return signal.resample_poly(samples, 20, 21).astype(np.float32)


def moved_stretch(stretch: Stretch) -> Stretch:
    return Stretch(round(stretch.first / FASTER), round(stretch.last / FASTER), stretch.goodness, None)


def peaks(curve: Doubles) -> list[float]:
    """Formants, as far as peaks of an envelope are any."""
    found, _ = signal.find_peaks(curve, prominence=1.5)
    return [float(hz) for hz in GRID_HZ[found] if hz < 3000]


def added(curve: Doubles, key: float, transpose: float, rate: int = 24000) -> Seen:
    """The harmonics of a slide that is made of sines along an envelope."""
    _, _, times, hz = slide(key, transpose)
    along = np.interp(np.arange(round(2.2 * rate)) / rate, times, hz)
    phase, sound = 2 * np.pi * np.cumsum(along) / rate, np.zeros(len(along))
    for number in range(1, int(4500 / along.min())):
        sound += 10 ** (np.interp(number * along, GRID_HZ, curve) / 20) * np.sin(number * (phase + number))
    return harmonics(sound.astype(np.float32), rate, zip(times * rate, hz, strict=True))


def key_of(hz: float) -> float:
    return 69 + 12 * float(np.log2(hz / 440))


def share(moved: Sequence[float]) -> float:
    return round(float(np.mean(np.abs(moved) <= WITHIN)), 3)


def words(moved: Sequence[float]) -> str:
    if not moved:
        return "no formants"
    far = np.abs(moved)
    return (
        f"{share(moved):.1%} of {len(far)} within 5 %, 95 % within {np.quantile(far, 0.95):.1%}, worst {far.max():.1%}"
    )


def main() -> None:
    paths = [Path(one) for one in sys.argv[1:]] or sorted(READINGS.glob("*.wav"))
    figures = {"made": made()} | ({"spoken": spoken(paths)} if paths else {})
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
