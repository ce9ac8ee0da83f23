from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import InputError
from pipeline.film.inputs.footage import probe, write_sound
from pipeline.film.planning.settings import InsertSettings
from pipeline.outputs.clips import _OpenFilm, write_insert
from pipeline.picture.drawing.planes import planes_of, rgb_from_planes
from pipeline.stages import cards, compose, storyboard
from pipeline.stages.shared import drawers
from pipeline.stages.shared.workplace import Workplace
from tests.film.films import drawn_pictures, footage_chain
from tests.stages import made_up


def test_a_clip_shows_and_sounds_what_the_film_does(tmp_path: Path) -> None:
    production = made_up.production()
    store, results = made_up.results(tmp_path)
    workplace = Workplace(store=store, output=tmp_path / "out")
    results = cards.run(production, storyboard.run(production, results, workplace), workplace)
    sound = compose.soundtrack(production, results, workplace)
    assert results.timeline is not None
    timeline = results.timeline.record
    scene = timeline.scenes()[0]
    lossless = sound.path(sound.record.lossless_file)
    whole, rate_hz = soundfile.read(lossless, dtype="float32")
    assert (rate_hz, len(whole)) == (48000, timeline.clock.sample_at(timeline.total_frames))
    with drawers.open_film(production, results) as draw, soundfile.SoundFile(lossless) as heard:
        clip = _OpenFilm(timeline, draw, heard).clip(scene.start_frame, scene.end_frame)
        assert clip.size == (160, 90)
        assert clip.duration == pytest.approx(scene.frames / 30)
        still = drawers.draw_still(production, results, scene.start_frame + 40)
        np.testing.assert_array_equal(clip.get_frame(40 / 30), rgb_from_planes(planes_of(still, 160, 90)))
        samples = clip.audio.subclipped(1.0, 2.0).to_soundarray(fps=48000)
        start = timeline.clock.sample_at(scene.start_frame) + 48000
        np.testing.assert_allclose(samples[:40000], whole[start : start + 40000], atol=1e-4)
        assert np.abs(samples).max() > 0.05
        clip.subclipped(0, 0.5).write_videofile(str(tmp_path / "excerpt.mp4"), logger=None, preset="ultrafast")
    assert (tmp_path / "excerpt.mp4").stat().st_size > 1000


def test_a_clip_of_moviepys_becomes_an_insert_in_its_own_colours(tmp_path: Path) -> None:
    from moviepy import AudioClip, ColorClip  # noqa: PLC0415 - a second of importing

    tone = AudioClip(lambda t: 0.5 * np.sin(2 * np.pi * 440 * np.asarray(t)), duration=0.5, fps=48000)
    clip = ColorClip((1281, 719), color=(200, 40, 40), duration=0.5).with_fps(25).with_audio(tone)
    path = write_insert(clip, tmp_path / "opening.mkv")
    footage = probe(path)
    assert footage.has_sound
    assert footage.duration_s == pytest.approx(0.5, abs=0.05)
    told = InsertSettings(file="x", fade_seconds=0)
    picture = drawn_pictures(footage_chain(path, told, tmp_path, frames=15), [7])[0]
    assert np.abs(picture - (200, 40, 40)).max() <= 3
    assert np.abs(write_sound(footage, told, 0.4, tmp_path / "sound.f32")).max() > 0.3


@pytest.mark.parametrize(("name", "seconds", "rate"), [("a.mp4", 1, 25), ("a.mkv", None, 25), ("a.mkv", 1, 500)])
def test_a_clip_that_is_no_insert_is_told(tmp_path: Path, name: str, seconds: float | None, rate: float) -> None:
    from moviepy import ColorClip  # noqa: PLC0415 - a second of importing

    with pytest.raises(InputError, match=r"can't be used|not a name"):
        write_insert(ColorClip((64, 48), color=(1, 2, 3), duration=seconds), tmp_path / name, frame_rate=rate)
    assert not list(tmp_path.iterdir())
