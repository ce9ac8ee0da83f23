from __future__ import annotations

import pytest

from pipeline.film.encoding.hardware import HARDWARE, codec_for, try_encoder, working_hardware
from pipeline.film.planning.settings import Encoder, VideoSettings


def test_software_is_taken_as_it_is_set() -> None:
    assert codec_for(VideoSettings()) == ("libx264", "")
    assert codec_for(VideoSettings(encoder="x265")) == ("libx265", "")


def test_x264_works_wherever_we_do() -> None:
    assert try_encoder("x264").works


@pytest.mark.parametrize("encoder", HARDWARE)
def test_hardware_that_does_not_work_gives_way_to_x264_and_says_so(encoder: Encoder) -> None:
    trial = try_encoder(encoder)
    codec, note = codec_for(VideoSettings(encoder=encoder))
    if trial.works:
        assert (codec, note) == (trial.codec, "")
    else:
        assert codec == "libx264"
        assert "x264 is used" in note


def test_all_hardware_is_tried_for_the_doctor() -> None:
    assert [trial.encoder for trial in working_hardware()] == list(HARDWARE)


def test_lossless_masters_are_never_made_by_hardware() -> None:
    for encoder in HARDWARE:
        codec, note = codec_for(VideoSettings(encoder=encoder, quality="lossless"))
        assert codec == "libx264"
        assert "lossless" in note
