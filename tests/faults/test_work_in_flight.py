"""Work that is not finished: what a kill costs, what damage costs, and sections that share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.learning.sampling.generation import GenerationRequest, generate
from pipeline.learning.training import loop as trainer
from pipeline.learning.training.loop import train
from pipeline.learning.training.run import TrainingRun
from pipeline.production.schema import load_production
from pipeline.stages import prepare
from pipeline.stages import train as train_stage
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.store import Store
from tests.faults.tiny import build_here, half_published, make_small
from tests.learning.models.networks import SMALL_LSTM, save_random_checkpoint
from tests.learning.training.trainings import TINY_LSTM, Listener, training

SETTINGS = {"recipe": "torch-rnn", "iterations": 50, "checkpoint_every": 20}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3] ^= 4
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def outcome(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if "state" not in path.name}


def test_an_interruption_costs_nothing_of_what_a_checkpoint_holds(tmp_path: Path) -> None:
    order = training(tmp_path, TINY_LSTM, **SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, report=Listener(20.0)))  # told as the checkpoint is being made
    state = trainer.load_state(tmp_path / trainer.STATE_FILE)
    assert state is not None
    assert state[0].iteration == 0
    again = Listener(40.0)
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, report=again))
    listener = Listener()
    train(replace(order, report=listener))
    assert listener.done[0] == 20.0


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (trainer.STATE_FILE, flip),
        (trainer.STATE_FILE, Path.unlink),
        (trainer.LOG_FILE, flip),
        (trainer.LOG_FILE, cut),
        ("weights-000020.safetensors", flip),
        ("weights-000020.json", Path.unlink),
    ],
)
def test_damage_to_a_training_in_flight_is_noticed_and_it_begins_anew(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    whole = training(tmp_path / "whole", TINY_LSTM, **SETTINGS)
    train(whole)
    order = replace(whole, folder=tmp_path / "damaged")
    order.folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(replace(order, report=Listener(40.0)))
    harm(order.folder / name)
    listener = Listener()
    train(replace(order, report=listener))
    assert outcome(order.folder) == outcome(whole.folder)
    gone = name == trainer.STATE_FILE and harm is Path.unlink  # then nothing says that there was a training
    assert any("damaged" in warning for warning in listener.warnings) != gone


def test_a_take_in_flight_whose_bytes_were_altered_is_made_anew(tmp_path: Path) -> None:
    checkpoint = save_random_checkpoint(tmp_path, SMALL_LSTM)
    curve = (((0.0, 1.0),),)
    orders = []
    for name in ("whole", "altered"):
        (tmp_path / name).mkdir()
        orders.append(GenerationRequest(checkpoint, tmp_path / name, ("take.npy",), 30_000, seed=3, curves=curve))
    generate(orders[0])

    def stop(done: int) -> None:
        if done >= 20_000:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.learning.sampling.generation._SECONDS_BETWEEN_SAVES", 0.0)
        with pytest.raises(KeyboardInterrupt):
            generate(orders[1], on_samples=stop)
    take = orders[1].folder / "take.npy"
    data = bytearray(take.read_bytes())
    data[5000] ^= 1
    take.write_bytes(bytes(data))
    generate(orders[1])
    assert take.read_bytes() == (orders[0].folder / "take.npy").read_bytes()
    assert len(np.load(take)) == 30_000


def test_sections_with_the_same_network_and_settings_share_training_and_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_stage, "_on_gpu", lambda *_: True)  # in this process, one after the other
    production = make_small(tmp_path, sections=2)
    text = production.read_text(encoding="utf-8").replace("voice-2.wav", "voice-1.wav")
    production.write_text(text, encoding="utf-8")
    output = tmp_path / "out"
    assert not [warning for warning in build_here(production, output, "sample") if "damaged" in warning]
    assert len(list(output.glob("work/train/*/record.json"))) == 1
    assert len(list(output.glob("work/sample/*/record.json"))) == 2
    assert half_published(output) == []


def interrupt(_folder: Path) -> None:
    raise KeyboardInterrupt


def test_a_training_that_waits_to_be_published_is_looked_at_again(tmp_path: Path) -> None:
    production = make_small(tmp_path)
    output = tmp_path / "out"
    build_here(production, output, "prepare")
    film = load_production(production)
    place = Workplace(Store(output / "work"), output)
    results = prepare.run(film, Results(), place)
    (piece,) = train_stage.pieces(film, results)
    build_here(production, tmp_path / "undisturbed", "train")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_stage, "remove_states", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build_here(production, output, "train")
    flip(place.store.partial(piece) / "weights-000020.safetensors")
    warnings = build_here(production, output, "train")
    assert any("damaged" in warning for warning in warnings)
    runs = [Store(folder / "work").published(piece, TrainingRun) for folder in (output, tmp_path / "undisturbed")]
    assert runs[0].content_hash == runs[1].content_hash
