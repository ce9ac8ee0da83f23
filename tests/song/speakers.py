"""Voices for tests: pulses through formants, so that pitch, formants and beginnings are known."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

Floats = npt.NDArray[np.float32]

RATE_HZ = 11025
VOWELS_HZ = {"a": (760, 1220), "i": (300, 2300), "o": (500, 860)}
BREAK_S = 0.15
VOWEL_S = 0.45


def vowel(which: str, hz: float, seconds: float, rate: int = RATE_HZ) -> Floats:
    """A spoken vowel whose pitch falls by a tenth."""
    time = np.arange(round(seconds * rate)) / rate
    phase = np.cumsum(hz * (1.03 - 0.08 * time / max(seconds, 1e-3)) / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 1e-3 * np.random.default_rng(3).standard_normal(len(time))
    sound = pulses
    for middle, width in zip((*VOWELS_HZ[which], 2800, 3600), (80, 90, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / rate)
        poles = [1, -2 * radius * np.cos(2 * np.pi * middle / rate), radius**2]
        sound = signal.lfilter([sum(poles)], poles, sound)
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
    shaped = sound * fade
    return np.asarray(0.3 * shaped / np.abs(shaped).max(), np.float32)


FORMANTS_HZ = {
    "a": (730, 1090, 2440),
    "i": (270, 2290, 3010),
    "u": (300, 870, 2240),
    "e": (530, 1840, 2480),
    "o": (500, 860, 2410),
}
"""After Peterson and Barney, 1952."""


def response(which: str, hz: npt.ArrayLike) -> npt.NDArray[np.complex128]:
    """What a vocal tract, its source and its lips make of each frequency."""
    along = 2j * np.pi * np.asarray(hz, np.float64)
    passed = along / (2 * np.pi * 100) / np.square(1 + along / (2 * np.pi * 100))
    for middle, width in zip((*FORMANTS_HZ[which], 3500, 4500), (70, 90, 130, 180, 220), strict=True):
        pole = 2 * np.pi * (middle * 1j - width / 2)
        passed = passed * np.abs(pole) ** 2 / ((along - pole) * (along - pole.conjugate()))
    return np.asarray(passed)


def said(which: str, hz: float, seconds: float = 0.4, rate: int = 16000) -> Floats:
    """A vowel of which each harmonic has exactly its level, at a pitch that falls by six hundredths."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(hz * (1.03 - 0.06 * time / seconds)) / rate
    sound = 1e-4 * np.random.default_rng(1).standard_normal(len(time))
    for number in range(1, int(0.47 * rate / hz)):
        through = response(which, hz * number * (1.03 - 0.06 * time / seconds))
        sound += np.abs(through) * np.cos(number * phase + np.angle(through))
    return np.asarray(0.3 * sound / np.abs(sound).max(), np.float32)


def hiss(seconds: float, rate: int = RATE_HZ) -> Floats:
    """An s."""
    high = signal.butter(4, 3500, "highpass", fs=rate, output="sos")
    noise = signal.sosfilt(high, np.random.default_rng(4).standard_normal(round(seconds * rate)))
    return np.asarray(0.06 * noise / np.abs(noise).max(), np.float32)


@lru_cache(maxsize=1)
def speech() -> Floats:
    """Three vowels, and an s before the second, with breaks between."""
    pause = np.zeros(round(BREAK_S * RATE_HZ), np.float32)
    parts = [pause, vowel("a", 120, VOWEL_S), pause, hiss(0.1), vowel("i", 125, VOWEL_S), pause]
    return np.concatenate([*parts, vowel("o", 115, VOWEL_S), pause])


def murmuring(*, liquid: bool = False) -> Floats:
    """Vowels of which two are begun by a murmur, as by an m, at one pitch throughout; the last by a brighter one."""
    pause = np.zeros(round(BREAK_S * RATE_HZ), np.float32)
    parts = [speech()]
    for which, top_hz in (("a", 500), ("o", 500), ("a", 1000))[: 3 if liquid else 2]:
        dark = signal.butter(3, top_hz, fs=RATE_HZ, output="sos")
        said = vowel(which, 120, 0.6)
        murmur = np.asarray(0.5 * signal.sosfilt(dark, vowel("i", 120, 0.6)), np.float32)
        there = np.clip((np.arange(len(said)) / RATE_HZ - 0.13) / 0.01, 0, 1).astype(np.float32)
        parts += [murmur * (1 - there) + said * there, pause]
    return np.concatenate(parts)


def write_bank(folder: Path, *, encoding: str = "cp932") -> Path:
    """A voice bank with CV and VCV entries, in two pitches."""
    folder.mkdir(exist_ok=True)
    rate = 16000
    sa = np.concatenate([hiss(0.1, rate), vowel("a", 220, 0.4, rate)])
    for name, sound in (
        ("\u3055.wav", sa),
        ("_a.wav", vowel("a", 220, 0.6, rate)),
        ("i.wav", vowel("i", 220, 0.4, rate)),
    ):
        soundfile.write(folder / name, sound, rate, subtype="PCM_16")
    lines = [
        "\u3055.wav=\u3055,0,150,0,100,30",
        "_a.wav=a \u3042,100,80,-300,60,40",
        "_a.wav=\u3042,20,60,100,20,10",
        "_a.wav=\u3042_high,20,60,100,20,10",
        "..\\evil.wav=x,0,0,0,0,0",
        "absent.wav=y,0,0,0,0,0",
        "broken line",
        "\u3055.wav=odd,nan,,1e99,x,-5",
    ]
    (folder / "oto.ini").write_bytes("\r\n".join(lines).encode(encoding))
    (folder / "prefix.map").write_bytes(b"C5\t\t_high\r\nC4\t\t\r\n")
    return folder


def write_pitched_bank(folder: Path) -> Path:
    """A bank as singers of UTAU make them: VCV with endings, a consonant to go over to (CVVC), suffixes by pitch.

    Each file holds a vowel, an s and an i, and falls silent; editors left numbers out, and made overlaps too long.
    """
    folder.mkdir(exist_ok=True)
    rate = 16000
    parts = [said("a", 220, 0.5, rate), 2 * hiss(0.1, rate), said("i", 220, 0.5, rate)]
    fade = np.minimum(1, np.arange(len(parts[2]))[::-1] / (0.1 * rate)).astype(np.float32)
    whole = np.concatenate([*parts[:2], parts[2] * fade, np.zeros(rate // 5, np.float32)])
    soundfile.write(folder / "_a\u3057.wav", whole, rate, subtype="PCM_16")
    lines = [
        "_a\u3057.wav=- \u3042\u2191,20,80,-300,20,10",
        "_a\u3057.wav=a \u3057\u2191,400,260,-600,200,260",  # overlap beyond the preutterance
        "_a\u3057.wav=\u3057\u2191,500,,,100,-20",  # numbers left out, and an overlap before the beginning
        "_a\u3057.wav=i R\u2191,900,100,0,160,60",
        "_a\u3057.wav=a s\u2191,300,220,-290,200,60",
        "_a\u3057.wav=\u3042\u2191,50,60,-300,-10,5",  # sounds after its note
        "_a\u3057.wav=\u3044\u2191,620,0,-300,0,0",  # nobody has looked
    ]
    (folder / "oto.ini").write_bytes("\r\n".join(lines).encode("cp932"))
    (folder / "prefix.map").write_bytes("".join(f"{note}\t\t\u2191\r\n" for note in ("A3", "C4")).encode("cp932"))
    return folder
