import io
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from pipeline.byte_text.table import STANDARD_CHARACTERS
from pipeline.errors import InputError, OutputError, TextError
from pipeline.tools.byte_text.command import (
    AudioOptions,
    FromTextOptions,
    ToTextOptions,
    run_from_text,
    run_to_text,
    write_table,
)


class Standard:
    def __init__(self, data: bytes = b"") -> None:
        self.buffer = io.BytesIO(data)


def test_a_file_becomes_text_and_comes_back(tmp_path: Path) -> None:
    source, text, back = (str(tmp_path / name) for name in ("in.bin", "text.txt", "out.bin"))
    data = bytes(range(256)) * 1000
    Path(source).write_bytes(data)
    run_to_text(ToTextOptions(source, text))
    assert run_from_text(FromTextOptions(text, back)).bytes_out == len(data)
    assert Path(back).read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.bin", "out.bin", "text.txt"]


def test_standard_streams_are_read_and_written(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Standard()
    monkeypatch.setattr(sys, "stdin", Standard(b"\x80\x81"))
    monkeypatch.setattr(sys, "stdout", out)
    run_to_text(ToTextOptions("-", "-"))
    assert out.buffer.getvalue().decode() == STANDARD_CHARACTERS[0x80:0x82]


def test_other_tables_are_used(tmp_path: Path) -> None:
    table, source, target = tmp_path / "table.txt", tmp_path / "in", tmp_path / "out"
    table.write_text("".join(f"U+{0x4E00 + byte:04X}\n" for byte in range(256)))
    source.write_bytes(b"\x00\xff")
    run_to_text(ToTextOptions(str(source), str(target), table=table))
    assert target.read_text(encoding="utf-8") == "\u4e00\u4eff"
    write_table(str(tmp_path / "copy.txt"), table)
    run_from_text(FromTextOptions(str(target), str(source), table=tmp_path / "copy.txt"))
    assert source.read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("encoding", ["linear-u8", "mu-law"])
def test_sound_goes_to_text_and_back_unchanged(tmp_path: Path, encoding: str) -> None:
    audio = AudioOptions(8000, encoding)  # type: ignore[arg-type]
    codes = np.concatenate([np.arange(256), np.random.default_rng(0).integers(0, 256, 9000)]).astype(np.uint8)
    text, wav, again, back = (tmp_path / name for name in ("text.txt", "sound.wav", "again.txt", "again.wav"))
    text.write_text("".join(STANDARD_CHARACTERS[code] for code in codes), encoding="utf-8")
    run_from_text(FromTextOptions(str(text), str(wav), audio=audio))
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, codes.size)
    run_to_text(ToTextOptions(str(wav), str(again), audio=audio))
    assert again.read_bytes() == text.read_bytes()
    run_from_text(FromTextOptions(str(again), str(back), audio=audio))
    assert back.read_bytes() == wav.read_bytes()


def test_sound_is_resampled_to_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    wav, text = tmp_path / "sound.wav", tmp_path / "text.txt"
    with wave.open(str(wav), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(44100) * 2 * np.pi * 441 / 44100) * 20000).astype("<i2").tobytes())
    run_to_text(ToTextOptions(str(wav), str(text), audio=AudioOptions()))
    codes = [STANDARD_CHARACTERS.index(character) for character in text.read_text(encoding="utf-8")]
    assert abs(len(codes) - 11025) <= 1
    assert max(codes) == pytest.approx(128 + 128 * 20000 / 32768, abs=1)


def test_sound_is_read_from_standard_input_and_written_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(STANDARD_CHARACTERS).encode()
    out = Standard()
    monkeypatch.setattr(sys, "stdin", Standard(text))
    monkeypatch.setattr(sys, "stdout", out)
    run_from_text(FromTextOptions("-", "-", audio=AudioOptions()))
    monkeypatch.setattr(sys, "stdin", Standard(out.buffer.getvalue()))
    run_to_text(ToTextOptions("-", str(tmp_path / "text"), audio=AudioOptions()))
    assert (tmp_path / "text").read_bytes() == text


def test_an_error_leaves_no_partial_file(tmp_path: Path) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.bin"
    source.write_text("a" * 3_000_000 + "日", encoding="utf-8")
    target.write_bytes(b"before")
    with pytest.raises(TextError) as caught:
        run_from_text(FromTextOptions(str(source), str(target)))
    assert str(source) in caught.value.where
    assert target.read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("source", ["missing", "."])
def test_a_source_that_can_not_be_read_is_told(tmp_path: Path, source: str) -> None:
    with pytest.raises(TextError, match=r"no such file|is a folder"):
        run_to_text(ToTextOptions(str(tmp_path / source), str(tmp_path / "out")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["missing/out", "."])
def test_a_target_that_can_not_be_written_is_told(tmp_path: Path, target: str) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"a")
    with pytest.raises(OutputError):
        run_to_text(ToTextOptions(str(source), str(tmp_path / target)))
    assert list(tmp_path.iterdir()) == [source]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    source, real, link = (tmp_path / name for name in ("in", "real", "link"))
    source.write_bytes(b"a")
    real.write_bytes(b"before")
    link.symlink_to(real)
    run_to_text(ToTextOptions(str(source), str(link)))
    assert link.is_symlink()
    assert real.read_bytes() == b"a"


@pytest.mark.parametrize("rate", [0, 10**7])
def test_an_impossible_sample_rate_is_told(rate: int) -> None:
    with pytest.raises(InputError, match="sample rate"):
        AudioOptions(rate)
