from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError, StoreError
from pipeline.film.delivery.spec import deliver


def test_files_are_delivered_in_order_and_those_that_are_there_are_left_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "store", tmp_path / "out" / "film"
    source.mkdir()
    (source / "a.mp4").write_bytes(b"film")
    (source / "b.srt").write_bytes(b"words")
    deliver(source, ["b.srt", "a.mp4"], target)
    assert (target / "a.mp4").read_bytes() == b"film"
    (target / "b.srt").unlink()
    (target / "b.srt").write_bytes(b"words")
    stamps = [(target / name).stat() for name in ("a.mp4", "b.srt")]
    deliver(source, ["b.srt", "a.mp4"], target)
    assert [(target / name).stat() for name in ("a.mp4", "b.srt")] == stamps


def test_a_changed_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.mp4").write_bytes(b"new film")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mp4").write_bytes(b"old film")
    deliver(tmp_path / "store", ["a.mp4"], tmp_path / "out")
    assert (tmp_path / "out" / "a.mp4").read_bytes() == b"new film"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises((OutputError, StoreError)):
        deliver(tmp_path, [], tmp_path / "out")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind only ordinary users")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(OutputError):
        deliver(tmp_path, ["a.mp4"], tmp_path / "out")
