"""Good inputs of every kind, small, to be spoiled: files as bytes, and settings as trees of plain values."""

from __future__ import annotations

import io
import json
import re
import tempfile
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from PIL import Image

from pipeline.ffmpeg import process as ffmpeg
from pipeline.runtime.resources import builtin_templates_folder
from tests.end_to_end.productions import TINY
from tests.learning.models.networks import save_random_checkpoint
from tests.picture.cards.made_cards import CARDS
from tests.sound.sounds import speechlike

RATE_HZ: Final = 16_000
_PICTURE: Final = np.arange(40 * 30 * 4, dtype=np.uint8).reshape(30, 40, 4)
_SOUND_FILES: Final = ("mp3", "m4a", "ogg", "aiff", "au", "caf", "mka", "w64", "wv")
_FILMS: Final = {"mp4": [], "mkv": [], "webm": ["-c:v", "libvpx", "-c:a", "libopus"], "avi": [], "ts": []}
INSERT: Final = """
[[insert]]
file = "clip.mp4"
after = "section"
section = 1
seconds = 2.0
[[cut]]
name = "short"
seconds = 20
[[section.caption]]
text = "{{ iteration|thousands }}"
below_bits = 4.5
"""
CAPTIONS: Final = (
    "Iteration {{ iteration|thousands }}: {{ loss_nats|bits }} bits",
    "{% for one in sections %}{{ loop.index }} {{ one.title }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{{ film|upper|replace('A', 'B') }} {{ (seconds * 2)|decimals(1) }} {{ takes|plural('take') }}",
)
LOG: Final = "iteration,epoch,training_loss_nats,validation_loss_nats\n" + "".join(
    f"{n},{n / 10},{5.5 - n / 40:.6f},{'' if n % 5 else f'{5.6 - n / 40:.6f}'}\n" for n in range(60)
)
OTHER_LOGS: Final = (
    LOG.replace(",", ";").replace(".", ","),
    "time,took,note,loss\n"
    + "".join(f'2026-01-01T00:{n:02}:00+02:00,0:{n:02}:30,"a\nb",{3 / (n + 1)}\n' for n in range(60)),
    "".join(f'{{"step": {n}, "loss": {{"train": {3 / (n + 1)}}}, "at": "2026-01-01 00:{n:02}"}}\n' for n in range(60)),
    json.dumps(
        {"global_step": 60, "log_history": [{"step": n, "loss": 3 / (n + 1), "rate": None} for n in range(60)]},
        indent=2,
    ),
    json.dumps([[1.7e9 + n, n, 3 / (n + 1)] for n in range(60)]),
)
"""As other programs write them: decimal commas, times, JSON lines, a trainer's state, points."""


def production_texts() -> list[bytes]:
    """Production files: a tiny one, one with everything, and those that ship."""
    tiny = TINY.format(frame_rate=30)
    shipped = [
        re.sub(rb'"[^"]*assets/demo/[^"]*"', b'"recordings/voice.wav"', path.read_bytes())
        for path in sorted((builtin_templates_folder() / "productions").glob("*.toml"))
    ]
    return [tiny.encode(), (tiny + INSERT).encode(), *shipped]


def production_trees() -> list[dict[str, Any]]:
    """The same as plain values."""
    return [tomllib.loads(text.decode()) for text in production_texts()]


def template_texts(kind: str) -> list[bytes]:
    """The shipped templates of a kind."""
    names = [f"{card}.toml" for card in CARDS] if kind == "cards" else None
    folder = builtin_templates_folder() / kind
    return [path.read_bytes() for path in sorted(folder.iterdir()) if names is None or path.name in names]


def template_trees(kind: str) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [tomllib.loads(text.decode()) for text in template_texts(kind)]


@lru_cache(maxsize=1)
def sounds() -> Mapping[str, bytes]:
    """Half a second of sound in many formats, by the name's ending."""
    samples = speechlike(0.5, RATE_HZ)
    found: dict[str, bytes] = {}
    for name, subtype, form in (
        ("wav", "PCM_16", "WAV"),
        ("float.wav", "FLOAT", "WAV"),
        ("24.wav", "PCM_24", "WAVEX"),
        ("rf64.wav", "PCM_16", "RF64"),
        ("flac", "PCM_16", "FLAC"),
    ):
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, RATE_HZ, subtype=subtype, format=form)
        found[name] = buffer.getvalue()
    for ending in _SOUND_FILES:
        found[ending] = _converted(found["wav"], ending, [])
    return found


@lru_cache(maxsize=1)
def films() -> Mapping[str, bytes]:
    """A third of a second of moving picture with sound in several formats, by the name's ending."""
    graph = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=15:d=0.4", "-f", "lavfi", "-i", "sine=f=300:d=0.4"]
    return {ending: _made([*graph, "-pix_fmt", "yuv420p", *how], ending) for ending, how in _FILMS.items()}


@lru_cache(maxsize=1)
def pictures() -> Mapping[str, bytes]:
    """A small picture in the formats that are taken, and in some that are not."""
    found = {}
    for form, how in (("PNG", {}), ("JPEG", {}), ("WEBP", {}), ("GIF", {}), ("BMP", {}), ("TIFF", {})):
        for mode in ("RGBA", "RGB", "L", "P"):
            buffer = io.BytesIO()
            image = Image.fromarray(_PICTURE).convert(mode)
            if form in {"JPEG", "BMP"} and mode in {"RGBA", "P"}:
                continue
            image.save(buffer, form, **how)
            found[f"{mode.lower()}.{form.lower()}"] = buffer.getvalue()
    return found


@lru_cache(maxsize=1)
def checkpoint() -> Mapping[str, bytes]:
    """Both files of a checkpoint of a tiny network."""
    from pipeline.learning.models.network import LstmSettings  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        json_path = save_random_checkpoint(Path(folder), LstmSettings(layers=1, neurons=6, embedding=4), 8)
        return {path.name: path.read_bytes() for path in (json_path, json_path.with_suffix(".safetensors"))}


@lru_cache(maxsize=1)
def font() -> bytes:
    """The smallest of the fonts at hand."""
    import fontpkg  # noqa: PLC0415

    paths = [Path(file.path) for family in fontpkg.families().values() for file in family.files]
    return min(paths, key=lambda path: path.stat().st_size).read_bytes()


def arrays() -> Mapping[str, bytes]:
    """Saved arrays: bytes, and what a network remembered."""
    plain, packed = io.BytesIO(), io.BytesIO()
    np.save(plain, np.arange(200, dtype=np.uint8))
    np.savez_compressed(packed, done=np.array(3), state=np.zeros((2, 5), np.float32))
    return {"bytes.npy": plain.getvalue(), "memory.npz": packed.getvalue()}


def _converted(data: bytes, ending: str, how: list[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source.wav"
        source.write_bytes(data)
        return _made(["-i", ffmpeg.file_argument(source), *how], ending)


def _made(arguments: list[str], ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"made.{ending}"
        ffmpeg.run([*arguments, "-y", ffmpeg.file_argument(target)], timeout_s=60)
        return target.read_bytes()
