"""Runs as the programs themselves write them: tensorboardX, TensorBoard's own writer, Lightning."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from pipeline.runs.reading import read_run
from pipeline.runs.record import Run
from pipeline.runs.settings import RunSettings
from pipeline.runs.sounds import write_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lightning_fabric.utilities.logger import _add_prefix  # noqa: F401  # loads what warns
    from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
    from tensorboardX import SummaryWriter as WriterX

FLOAT, STRING = 1, 7


def _run(folder: Path, log: str, **more: object) -> Run:
    return read_run(RunSettings.model_validate({"log": log, **more}), lambda name, _field: folder / name)


def _told(run: Run) -> dict[str, tuple[list[int], list[float]]]:
    return {curve.name: (curve.iterations.tolist(), curve.values.tolist()) for curve in run.curves}


def _wav(rate: int, channels: int = 1) -> bytes:
    file = io.BytesIO()
    tone = 0.5 * np.sin(np.arange(400) / 9)
    soundfile.write(file, np.stack([tone] * channels, 1), rate, format="WAV", subtype="PCM_24")
    return file.getvalue()


def test_tensorboardx_writes_scalars_and_sounds(tmp_path: Path) -> None:
    with WriterX(str(tmp_path / "runs" / "x")) as writer:
        for step in (0, 5, 10):
            writer.add_scalar("loss/train", 4 - step / 8, step)
            writer.add_scalar("loss/val", 5 - step / 8, step)
            writer.add_audio("speech", np.sin(np.arange(441) / 8).astype(np.float32), step, sample_rate=44_100)
    run = _run(tmp_path, "runs/x", takes="speech")
    assert _told(run) == {
        "loss/train": ([0, 5, 10], [4, 3.375, 2.75]),
        "loss/val": ([0, 5, 10], [5, 4.375, 3.75]),
    }
    write_sound(run.takes[2], tmp_path / "take")
    assert soundfile.info(tmp_path / "take").samplerate == 44_100


def _scalar(tag: str, value: float, *, packed: bool) -> Summary.Value:
    """A scalar as TensorFlow 2 writes it: a tensor, its plugin named once."""
    content = {"tensor_content": np.float32(value).tobytes()} if packed else {"float_val": [value]}
    tensor = TensorProto(dtype=FLOAT, tensor_shape=TensorShapeProto(), **content)
    plugin = SummaryMetadata.PluginData(plugin_name="scalars")
    return Summary.Value(tag=tag, tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))


def _audio(tag: str, encoded: bytes) -> Summary.Value:
    """Sounds as TensorFlow 2 writes them: a tensor of shape (sounds, 2), each with its label."""
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=2), TensorShapeProto.Dim(size=2)])
    tensor = TensorProto(dtype=STRING, tensor_shape=shape, string_val=[encoded, b"first", _wav(8000), b"second"])
    plugin = SummaryMetadata.PluginData(plugin_name="audio")
    return Summary.Value(tag=tag, tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))


@pytest.mark.parametrize("packed", [False, True])
def test_tensors_of_tensorflow_are_read(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001
    encoded = _wav(24_000, 2)
    for run, offset in (("train", 0.0), ("validation", 1.0)):
        writer = EventFileWriter(str(tmp_path / run))
        for step in (1, 2, 3):
            values = [_scalar("epoch_loss", 4 - step / 2 + offset, packed=packed), _audio("out", encoded)]
            if step > 1:
                values[0].metadata.Clear()  # only the first event says the plugin
            writer.add_event(Event(step=step, wall_time=1000.0 + step, summary=Summary(value=values)))
        writer.close()
    found = _run(tmp_path, ".", takes="train:out")
    assert _told(found) == {
        "train:epoch_loss": ([1, 2, 3], [3.5, 3.0, 2.5]),
        "validation:epoch_loss": ([1, 2, 3], [4.5, 4.0, 3.5]),
    }
    assert [take.iteration for take in found.takes] == [1, 2, 3]
    write_sound(found.takes[0], tmp_path / "take")
    assert (tmp_path / "take").read_bytes() == encoded
    assert found.elapsed_s is not None
    assert found.elapsed_s.values.tolist() == [0, 1, 2]


@pytest.mark.filterwarnings("ignore")
def test_lightning_writes_rows_with_blank_cells_and_its_settings(tmp_path: Path) -> None:
    logger = CSVLogger(str(tmp_path), name="logs", flush_logs_every_n_steps=1)
    logger.log_hyperparams({"hidden": 192, "lr": 2e-4})
    for step in range(4):
        logger.log_metrics({"train_loss": 4 - step / 2, "epoch": float(step // 2)}, step * 50)
        if step % 2:
            logger.log_metrics({"val_loss": 5 - step / 2, "epoch": float(step // 2)}, step * 50)
    logger.save()
    run = _run(tmp_path, "logs/version_0/metrics.csv")
    assert _told(run) == {
        "train_loss": ([0, 50, 100, 150], [4, 3.5, 3, 2.5]),
        "val_loss": ([50, 150], [4.5, 3.5]),
    }
    assert run.epochs is not None
    assert run.epochs.values.tolist() == [0, 0, 1, 1]
    assert run.settings == {"hidden": "192", "lr": "0.0002"}


@pytest.mark.filterwarnings("ignore")
def test_lightning_writes_event_files(tmp_path: Path) -> None:
    logger = TensorBoardLogger(str(tmp_path), name="logs", default_hp_metric=False)
    for step in range(3):
        logger.log_metrics({"train/loss": 4 - step, "epoch": step}, step * 50)
    logger.save()
    logger.finalize("success")
    assert _told(_run(tmp_path, "logs")) == {"train/loss": ([0, 50, 100], [4, 3, 2])}
