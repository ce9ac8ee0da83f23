from __future__ import annotations

import io
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from google_crc32c import value as crc32c
from torch.utils.tensorboard import SummaryWriter

from pipeline.runs.readers.framing import masked, records
from pipeline.runs.readers.registry import Wish, reader_for
from pipeline.runs.reading import read_run
from pipeline.runs.record import Log
from pipeline.runs.settings import RunSettings
from pipeline.runs.sounds import write_sound


def _write(folder: Path, steps: range, *, tag: str = "loss/total", offset: float = 0.0, sounds: bool = False) -> Path:
    with SummaryWriter(str(folder)) as writer:
        for step in steps:
            writer.add_scalar(tag, 5.0 - step / 100 + offset, step)
            if sounds:
                tone = np.sin(np.arange(1000) / (10 + step)).astype(np.float32)
                writer.add_audio("samples/voice", tone[None], step, sample_rate=22_050)
    return max(folder.glob("*tfevents*"), key=lambda path: path.stat().st_mtime_ns)


def _read(path: Path, wish: Wish | None = None) -> Log:
    return reader_for(path).read(path, wish or Wish())


def _framed(data: bytes, *, length: int | None = None) -> bytes:
    head = struct.pack("<Q", len(data) if length is None else length)
    return head + struct.pack("<I", masked(crc32c(head))) + data + struct.pack("<I", masked(crc32c(data)))


def test_scalars_of_the_real_writer_are_read(tmp_path: Path) -> None:
    _write(tmp_path / "run", range(0, 50, 10))
    log = _read(tmp_path / "run")
    assert log.names == ["loss/total"]
    assert log.series[0].iterations.tolist() == [0, 10, 20, 30, 40]
    np.testing.assert_allclose(log.series[0].values, [5, 4.9, 4.8, 4.7, 4.6], rtol=1e-6)
    assert log.series[0].seconds is not None


def test_scalars_of_newer_summaries_are_read(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalar("loss", step / 2, step, new_style=True)
            writer.add_scalar("val_loss", step / 4, step, new_style=True, double_precision=True)
    log = _read(tmp_path)
    assert {one.name: one.values.tolist() for one in log.series} == {"loss": [0, 0.5, 1], "val_loss": [0, 0.25, 0.5]}


def test_several_runs_stand_before_their_tags(tmp_path: Path) -> None:
    _write(tmp_path / "train", range(3), tag="epoch_loss")
    _write(tmp_path / "validation", range(3), tag="epoch_loss", offset=1)
    run = read_run(RunSettings.model_validate({"log": "."}), lambda name, _field: tmp_path / name)
    assert [(curve.name, curve.kind) for curve in run.curves] == [
        ("train:epoch_loss", "training"),
        ("validation:epoch_loss", "validation"),
    ]


def test_a_restarted_run_takes_the_later_rows(tmp_path: Path) -> None:
    first = _write(tmp_path / "run", range(10))
    time.sleep(1.1)  # the second of its beginning is in a file's name
    second = _write(tmp_path / "run", range(6, 14), offset=100)
    assert first != second
    run = read_run(RunSettings.model_validate({"log": "run"}), lambda name, _field: tmp_path / name)
    assert run.curves[0].iterations.tolist() == list(range(14))
    assert (run.curves[0].values[6:] > 100).all()
    assert (run.curves[0].values[:6] < 6).all()
    assert any("goes back" in note for note in run.notes)
    assert run.elapsed_s is not None
    assert run.elapsed_s.values[-1] < 1, "the pause is no training"


def test_sounds_are_found_where_they_lie_and_can_be_heard(tmp_path: Path) -> None:
    _write(tmp_path / "run", range(0, 30, 10), sounds=True)
    settings = RunSettings.model_validate({"log": "run", "takes": "samples/voice"})
    run = read_run(settings, lambda name, _field: tmp_path / name)
    assert [take.iteration for take in run.takes] == [0, 10, 20]
    write_sound(run.takes[1], tmp_path / "take.wav")
    heard, rate = soundfile.read(tmp_path / "take.wav")
    assert rate == 22_050
    np.testing.assert_allclose(heard, np.sin(np.arange(1000) / 20), atol=1e-3)


def test_a_file_cut_anywhere_gives_what_is_whole_and_a_note(tmp_path: Path) -> None:
    path = _write(tmp_path / "run", range(5))
    whole = path.read_bytes()
    steps = []
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length] or b"x")
        log = _read(path)
        steps.append(sum(one.values.size for one in log.series))
    assert steps == sorted(steps)
    assert set(steps) >= {0, 1, 2, 3, 4}
    path.write_bytes(whole[:-3])
    assert any("still growing" in note for note in _read(path).notes)


def test_lengths_that_lie_cost_no_memory(tmp_path: Path) -> None:
    path = _write(tmp_path / "run", range(3))
    for length in (1 << 62, (1 << 64) - 1, 1 << 33):
        path.write_bytes(path.read_bytes() + _framed(b"", length=length))
        tracemalloc.start()
        log = _read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert log.series[0].values.size == 3
        assert peak < 30_000_000
        assert any("still growing" in note for note in log.notes)


def test_records_beyond_measure_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    length = (1 << 28) + 1
    head = struct.pack("<Q", length)
    with path.open("wb") as file:
        file.write(head + struct.pack("<I", masked(crc32c(head))))
        file.seek(length + 4, 1)  # a hole: it takes no room
        file.write(_framed(b"last"))
    notes: list[str] = []
    assert [data for _, data in records(path, crc32c, notes)] == [b"last"]
    assert "passed over" in notes[0]


def test_damaged_records_are_left_out_and_said(tmp_path: Path) -> None:
    path = _write(tmp_path / "run", range(5))
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # within the last record
    path.write_bytes(bytes(data))
    log = _read(path)
    assert log.series[0].values.size == 4
    assert "damaged" in log.notes[0]


def test_records_that_are_no_events_are_counted(tmp_path: Path) -> None:
    path = _write(tmp_path / "run", range(2))
    path.write_bytes(path.read_bytes() + _framed(b"\xff" * 40) + _framed(b"\x0a" * 5000))
    log = _read(path)
    assert log.series[0].values.size == 2
    assert "2 records that can't be read as events" in log.notes[0]


@pytest.mark.parametrize("seed", range(8))
def test_noise_with_an_honest_frame_is_no_crash(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    path = _write(tmp_path / "run", range(2), sounds=True)
    good = [data for _, data in records(path, crc32c, [])]
    out = io.BytesIO()
    for data in good * 20:
        spoiled = bytearray(data)
        for _ in range(3):
            spoiled[random.integers(len(spoiled))] = random.integers(256)
        out.write(_framed(bytes(spoiled)))
    path.write_bytes(out.getvalue())
    log = _read(path)
    assert all(np.isfinite(one.iterations).all() for one in log.series)


def test_only_so_much_is_looked_through_as_is_asked(tmp_path: Path) -> None:
    path = _write(tmp_path / "run", range(200))
    log = _read(path, Wish(most_bytes=2000))
    assert 0 < log.series[0].values.size < 200
    assert "only the first" in log.notes[0]


def test_without_the_extra_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(_framed(b""))
    script = (
        "import sys; sys.modules['tensorboard'] = None\n"
        "from pathlib import Path\n"
        "from pipeline.errors import InputError\n"
        "from pipeline.runs.readers.registry import Wish, reader_for\n"
        "path = Path(sys.argv[1])\n"
        "try: reader_for(path).read(path, Wish())\n"
        "except InputError as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "[runs]" in done.stdout


def test_links_among_folders_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path / "run" / "a", range(3))
    (tmp_path / "run" / "loop").symlink_to(tmp_path / "run")
    assert _read(tmp_path / "run").names == ["loss/total"]


def test_an_event_file_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    outside = _write(tmp_path / "outside", range(3), tag="secret_loss")
    _write(tmp_path / "run", range(3))
    (tmp_path / "run" / "events.out.tfevents.9").symlink_to(outside)
    assert _read(tmp_path / "run").names == ["loss/total"]
