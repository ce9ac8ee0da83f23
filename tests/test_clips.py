from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import showing
from pipeline.clips import _OpenFilm
from pipeline.picture.planes import planes_of, rgb_from_planes
from pipeline.stages import cards, compose, storyboard
from pipeline.workplace import Workplace
from tests.stages import made_up


def test_a_clip_shows_and_sounds_what_the_film_does(tmp_path: Path) -> None:
    production = made_up.production()
    store, made = made_up.made(tmp_path)
    workplace = Workplace(store=store, output=tmp_path / "out")
    made = cards.run(production, storyboard.run(production, made, workplace), workplace)
    sound = compose.soundtrack(production, made, workplace)
    assert made.timeline is not None
    timeline = made.timeline.record
    scene = timeline.scenes()[0]
    lossless = sound.path(sound.record.lossless_file)
    whole, rate_hz = soundfile.read(lossless, dtype="float32")
    assert (rate_hz, len(whole)) == (48000, timeline.clock.sample_at(timeline.total_frames))
    with showing.open_film(production, made) as draw, soundfile.SoundFile(lossless) as heard:
        clip = _OpenFilm(timeline, draw, heard).clip(scene.start_frame, scene.end_frame)
        assert clip.size == (160, 90)
        assert clip.duration == pytest.approx(scene.frames / 30)
        still = showing.draw_still(production, made, scene.start_frame + 40)
        np.testing.assert_array_equal(clip.get_frame(40 / 30), rgb_from_planes(planes_of(still, 160, 90)))
        samples = clip.audio.subclipped(1.0, 2.0).to_soundarray(fps=48000)
        start = timeline.clock.sample_at(scene.start_frame) + 48000
        np.testing.assert_allclose(samples[:40000], whole[start : start + 40000], atol=1e-4)
        assert np.abs(samples).max() > 0.05
        clip.subclipped(0, 0.5).write_videofile(str(tmp_path / "excerpt.mp4"), logger=None, preset="ultrafast")
    assert (tmp_path / "excerpt.mp4").stat().st_size > 1000
