"""Folders of other programs' runs, spoiled: their logs by byte, the settings that name them by value."""

from __future__ import annotations

import json
import random
import struct
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from google_crc32c import value as crc32c
from pydantic import ValidationError
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from pipeline.byte_text.codec import bytes_to_text
from pipeline.errors import ProductionError
from pipeline.runs.draft import found_lines, production_text
from pipeline.runs.readers.framing import masked
from pipeline.runs.reading import find_files, read_run
from pipeline.runs.settings import RunSettings
from pipeline.runs.sounds import write_sound
from pipeline.runs.survey import survey_run
from tests.hostile import seeds
from tests.hostile.spoiling import Gentle, spoiled_bytes, spoiled_tree

Read = Callable[[], object]

HISTORY: Final = {
    "opt": {"rnn_size": 128, "num_layers": 2},
    "train_loss_history": [5.0 - n / 10 for n in range(30)],
    "val_loss_history": [5.0, 4.0],
    "val_loss_history_it": [10, 20],
}
LINES: Final = "".join(f"Epoch {1 + n / 10:.2f} / 50, i = {n} / 178, loss = {5 - n / 10:f}\n" for n in range(30))
TEXT: Final = bytes_to_text(bytes(range(256)) * 2)
SETTINGS: Final[tuple[dict[str, Any], ...]] = (
    {"log": "run", "takes": "voice", "training_loss": "loss", "loss_unit": "nats", "facts": {"Network": "VITS"}},
    {"log": ["run/a.csv", {"file": "run/train.log"}], "takes": "run/s_{iteration}.wav", "iteration": "step"},
    {"log": {"file": "run/train.log", "pattern": "i = {iteration} / *loss = {loss}"}, "training_loss": ["loss"]},
    {"log": "run/cv", "takes": "run/t_{iteration}.txt", "text": {"sample_rate_hz": 8000, "encoding": "mu-law"}},
    {"takes": [{"iteration": 1, "file": "run/s_1.wav"}, {"iteration": 2, "file": "run/s_2.wav"}]},
    {"takes": "run", "recordings": ["run/s_1.wav"]},
)


def _framed(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked(crc32c(head))) + data + struct.pack("<I", masked(crc32c(data)))


@lru_cache(maxsize=1)
def _events() -> tuple[bytes, ...]:
    """The bytes of events: a version, losses, sounds."""
    sound = Summary.Audio(encoded_audio_string=seeds.sounds()["wav"][:2000], content_type="audio/wav")
    values = [
        [Summary.Value(tag="loss", simple_value=5 - step / 10), Summary.Value(tag="voice", audio=sound)]
        for step in range(6)
    ]
    events = [Event(step=step, wall_time=1e9 + step, summary=Summary(value=own)) for step, own in enumerate(values)]
    return tuple(event.SerializeToString() for event in (Event(wall_time=1e9, file_version="brain.Event:2"), *events))


def _event_file(rng: random.Random) -> bytes:
    """An event file, spoiled as a whole, or record by record with checksums that hold."""
    if rng.random() < 0.5:
        return spoiled_bytes(b"".join(map(_framed, _events())), rng)
    return b"".join(_framed(spoiled_bytes(event, rng) if rng.random() < 0.3 else event) for event in _events())


def _files(rng: random.Random) -> Mapping[str, bytes]:
    logs = {
        "a.csv": seeds.LOG.encode(),
        "history.jsonl": seeds.OTHER_LOGS[2].encode(),
        "trainer_state.json": seeds.OTHER_LOGS[3].encode(),
        "train.log": LINES.encode(),
        "cv/checkpoint_30.json": json.dumps(HISTORY).encode(),
        "config.json": b'{"model": {"name": "vits", "layers": 3}}',
        "hparams.yaml": b"lr: 0.001\nname: 'x'\n",
        "t_10.txt": TEXT.encode(),
    }
    kept = {name: spoiled_bytes(data, rng, tuple(logs.values())) for name, data in logs.items()}
    wav = seeds.sounds()["wav"][:4000]
    return {**kept, "events.out.tfevents.1": _event_file(rng), "s_1.wav": wav, "s_2.wav": spoiled_bytes(wav, rng)}


def run(folder: Path, rng: random.Random) -> Read:
    """A run's folder and a section for it; both spoiled."""
    for name, data in _files(rng).items():
        path = folder / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "run" / "way_out").symlink_to("/")
    tree = rng.choice(SETTINGS)
    settings = tree if isinstance(rng, Gentle) or rng.random() < 0.3 else spoiled_tree(tree, rng)
    before = _listed(folder / "run")

    def resolve(name: str, field: str) -> Path:
        path = (folder / name).resolve() if "\0" not in name and len(name) < 255 else folder.parent
        if not path.is_relative_to(folder.resolve()):
            raise ProductionError("It lies outside.", where=field)
        return path

    def read() -> None:
        survey = survey_run(folder / "run")
        tomllib.loads(production_text(survey, "A run", "run/"))
        found_lines(survey)
        try:
            named = RunSettings.model_validate(settings)
        except ValidationError as error:
            raise ProductionError("These are no settings of a run.") from error
        find_files(named, resolve)
        found = read_run(named, resolve)
        assert all((np.diff(curve.iterations) > 0).all() for curve in found.curves)
        for number, take in enumerate(found.takes[:3]):
            write_sound(take, folder / "out" / f"{number}.wav")
        assert _listed(folder / "run") == before

    return read


def _listed(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
