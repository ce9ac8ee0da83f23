"""Tiny productions for whole builds: made speech, tiny networks, a small film."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[2]

TINY = """
title = "Tiny"
[video]
width = 320
height = 180
frame_rate = {frame_rate}
title_seconds = 1
comparison_seconds = 1
credits_seconds = 1
graphs = false
[[section]]
title = "One"
recordings = ["one.wav"]
corpus = {{ sample_rate_hz = 8000 }}
network = {{ kind = "lstm", layers = 1, neurons = 16, embedding = 8 }}
training = {{ recipe = "torch-rnn", iterations = 24, checkpoint_every = 8, batch = 8, sequence = 32, clock = "none" }}
sampling = {{ temperature = 1.0, seed = 3 }}
storyboard = {{ takes = 3, seconds = 3, card_seconds = 1, recording_seconds = 1 }}
[[section]]
title = "Two"
recordings = ["two.flac"]
corpus = {{ sample_rate_hz = 8000, encoding = "mu-law" }}
network = {{ kind = "tiered-lstm", group = 4, neurons = 16, embedding = 8, fast_neurons = 16 }}
training = {{ recipe = "modern", iterations = 20, checkpoints = 4, batch = 8, sequence = 32, clock = "none" }}
sampling = {{ temperature = 0.9 }}
storyboard = {{ takes = 3, seconds = 3, card_seconds = 1, recording_seconds = 1 }}
"""


def voice_like(seconds: float, rate_hz: int, *, pitch_hz: float = 140.0, seed: int = 0) -> np.ndarray:
    """A buzzing, breathing tone with vowel-like partials: something that a network can learn from."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    pitch = pitch_hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    voice = sum(np.sin(k * phase) / k for k in range(1, 9))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 2.3 * t)
    return np.asarray(0.25 * voice * syllables + 0.01 * rng.standard_normal(len(t)), dtype=np.float32)


def make_tiny(folder: Path, frame_rate: Fraction = Fraction(30)) -> Path:
    """Write a tiny production and its recordings; return the production file."""
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / "one.wav", voice_like(7, 16000), 16000)
    soundfile.write(folder / "two.flac", voice_like(8, 22050, pitch_hz=190, seed=1), 22050)
    rate = str(frame_rate.numerator) if frame_rate.denominator == 1 else f'"{frame_rate}"'
    (folder / "tiny.toml").write_text(TINY.format(frame_rate=rate), encoding="utf-8")
    return folder / "tiny.toml"


def build_video(
    *arguments: str | Path, cwd: Path, check: bool = True, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command of this checkout in another folder; `env` is added to this process's environment."""
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pipeline.cli.start import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, errors="surrogateescape", check=False, timeout=400,
        env=os.environ | (env or {}),
    )  # fmt: skip
    if check:
        assert ran.returncode == 0, ran.stderr[-3000:]
    return ran


def run_here(*arguments: str) -> int:
    """Run a command line in this process, as `build-video` does; return its exit code."""
    from pipeline.cli.app import run  # noqa: PLC0415 - the whole command line
    from pipeline.cli.entrance import TOOLS  # noqa: PLC0415
    from pipeline.cli.start import run_tool  # noqa: PLC0415

    return run_tool(arguments) if arguments and arguments[0] in TOOLS else run(arguments)


@dataclass(frozen=True)
class Said:
    """What a command line has left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def say_here(*arguments: str | Path, cwd: Path, check: bool = True) -> Said:
    """Run a command line in this process, in another folder: quicker than in a process of its own."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = run_here(*map(str, arguments))
    assert code == 0 or not check, error.getvalue()[-3000:]
    return Said(code, out.getvalue(), error.getvalue())
