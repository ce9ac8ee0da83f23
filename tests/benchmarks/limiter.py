"""The limiter against ffmpeg's `alimiter`: overshoot, distortion, loudness kept, and speed, on made sounds and speech.

    python -m tests.benchmarks.limiter [WAV of speech]

Every sound is 6 dB too loud for the ceiling. True peaks and loudness are read by ffmpeg's `ebur128`; `alimiter` runs
at the same attack (5 ms) and as it is, and four times oversampled as well. The last line is JSON.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.ffmpeg import process as ffmpeg
from pipeline.sound.inputs.decode import load_music
from pipeline.sound.signal.limiter import Limiter
from pipeline.sound.signal.loudness import measure
from tests.sound.sounds import noise, sine, speechlike

Floats = npt.NDArray[np.float32]
RATE = 48000
CEILING_DBTP = -1.5
OVER_DB = 6.0
SECONDS = 10.0
ALIMITER = "alimiter=limit={limit}:level=disabled:attack=5:release=50:latency=1"


def ours(samples: Floats) -> Floats:
    limiter = Limiter(RATE, 1, CEILING_DBTP)
    return np.concatenate((limiter.add(samples[:, None]), limiter.finish()))[:, 0]


def theirs(samples: Floats, *, oversampled: bool) -> Floats:
    chain = ALIMITER.format(limit=10 ** (CEILING_DBTP / 20))
    chain = f"aresample={4 * RATE},{chain},aresample={RATE}" if oversampled else chain
    form = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    done = ffmpeg.run([*form, "-i", "pipe:0", "-af", chain, *form, "pipe:1"], stdin=samples.tobytes(), timeout_s=300)
    return np.frombuffer(done.stdout, np.float32)


def ebur128(samples: Floats, folder: Path) -> tuple[float, float]:
    """Loudness and true peak as ffmpeg measures them."""
    path = folder / "sound.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    arguments = ["-i", ffmpeg.file_argument(path), "-af", "ebur128=peak=true", "-f", "null", "-", "-loglevel", "info"]
    words = ffmpeg.run(arguments, timeout_s=300).stderr
    return float(re.findall(r"I:\s+(\S+) LUFS", words)[-1]), float(re.findall(r"Peak:\s+(\S+) dBFS", words)[-1])


def distortion(samples: Floats) -> float:
    """Total harmonic distortion of a 1 kHz tone, percent."""
    middle = samples[RATE : 5 * RATE]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) ** 2
    around = [power[4000 * n - 3 : 4000 * n + 4].sum() for n in range(1, 24)]
    return float(100 * np.sqrt(sum(around[1:]) / around[0]))


def clicks() -> Floats:
    samples = noise(SECONDS, RATE, -30.0)
    samples[RATE // 4 :: RATE // 2] = 1.0
    return samples


def sounds(speech: Path | None) -> dict[str, Floats]:
    found = {
        "tone, 1 kHz": sine(1000, SECONDS, RATE, 0.0),
        "noise": noise(SECONDS, RATE, 0.0),
        "clicks": clicks(),
        "made speech": speechlike(SECONDS, RATE, level_db=0.0),
    }
    if speech is not None:
        rows = np.asarray(load_music(speech, RATE, print, print)[: 60 * RATE])
        found["speech"] = rows.reshape(len(rows), -1).mean(axis=1).astype(np.float32)
    return found


def main() -> None:
    ways: dict[str, Callable[[Floats], Floats]] = {
        "ours": ours,
        "alimiter": lambda samples: theirs(samples, oversampled=False),
        "alimiter, 4 x oversampled": lambda samples: theirs(samples, oversampled=True),
    }
    figures: dict[str, float] = {}
    print(f"{'sound':<12} {'limiter':<26} {'over dB':>8} {'own meter':>9} {'LUFS':>7} {'THD %':>9} {'x real time':>11}")
    with TemporaryDirectory() as folder:
        for name, raw in sounds(Path(sys.argv[1]) if len(sys.argv) > 1 else None).items():
            loud = raw * np.float32(10 ** ((CEILING_DBTP + OVER_DB - measure(raw, RATE).true_peak_dbtp) / 20))
            for way, limit in ways.items():
                began = time.perf_counter()
                out = limit(loud)
                speed = len(loud) / RATE / (time.perf_counter() - began)
                loudness, peak = ebur128(out, Path(folder))
                own = measure(out, RATE).true_peak_dbtp - CEILING_DBTP
                thd = f"{distortion(out):9.5f}" if name.startswith("tone") else f"{'':>9}"
                print(f"{name:<12} {way:<26} {peak - CEILING_DBTP:8.1f} {own:9.3f} {loudness:7.1f} {thd} {speed:11.0f}")
                figures[f"{way}: {name}: over_db"] = round(own, 3)
                if name.startswith("tone"):
                    figures[f"{way}: thd_percent"] = round(distortion(out), 6)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
