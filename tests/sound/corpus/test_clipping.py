"""Clipping is runs at the format's own limit, whatever the format is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.sound.corpus.clipping import ClipCounter, clipped
from pipeline.sound.inputs.sources import choose_source
from pipeline.sound.signal.mixing import finite
from tests.sound.sounds import Floats, convert, sine, speechlike, write

RATE = 16000
LIMIT_16 = 32767 / 32768


def counted(path: Path) -> int:
    source = choose_source(path, listen_s=100)
    counter = ClipCounter(source.track)
    with source.opened(100.0) as stream:
        for block in stream.blocks():
            counter.add(finite(block)[0])
    return counter.frames


def voice(peak: float) -> Floats:
    samples = speechlike(6.0, RATE)
    return (samples * (peak / np.abs(samples).max())).astype(np.float32)


def test_a_single_sample_at_the_limit_is_not_clipping_two_are() -> None:
    block = np.zeros((10, 2), np.float32)
    block[3, 1] = 1.0
    assert clipped(block, LIMIT_16) == 0
    block[4, 0] = -1.0  # another channel's
    assert clipped(block, LIMIT_16) == 0
    block[4, 1] = 1.0
    assert clipped(block, LIMIT_16) == 2


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("peak", [1.0, 1.5, 20.0, 32767.0])
def test_floats_have_no_limit(tmp_path: Path, subtype: str, peak: float) -> None:
    assert counted(write(tmp_path / "a.wav", voice(peak), RATE, subtype)) == 0


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "ogg"])
def test_a_lossy_file_that_goes_beyond_full_scale_was_not_held_there(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / "a.wav", voice(1.5), RATE, "FLOAT")
    assert counted(convert(path, tmp_path / f"a.{suffix}")) < 1e-4 * 6 * RATE


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "ULAW", "ALAW", "FLOAT"])
def test_a_clean_peak_at_full_scale_is_no_clipping_a_cut_one_is(tmp_path: Path, subtype: str) -> None:
    assert counted(write(tmp_path / "clean.wav", voice(0.9999), RATE, subtype)) == 0
    cut = np.clip(voice(3.0), -1, 1)
    found = counted(write(tmp_path / "cut.wav", cut, RATE, subtype))
    assert found == pytest.approx((np.abs(cut) >= 0.999).sum(), rel=0.15)


@pytest.mark.parametrize("suffix", ["flac", "aiff", "wv", "ogg", "opus"])
def test_a_cut_recording_is_found_out_in_other_formats_too(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / "a.wav", np.clip(sine(150, 6.0, RATE, level_db=9), -1, 1), RATE)
    assert counted(convert(path, tmp_path / f"a.{suffix}")) > 0.01 * 6 * RATE


def test_a_flat_top_of_floats_is_counted_wherever_it_is(tmp_path: Path) -> None:
    cut = np.clip(voice(1.0), -0.6, 2.0)
    found = counted(write(tmp_path / "a.wav", cut, RATE, "FLOAT"))
    assert found == pytest.approx((cut == cut.min()).sum(), rel=0.3)
