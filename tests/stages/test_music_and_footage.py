"""Sounds and films of other makers: they work, or it is said clearly why not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from pipeline.errors import InputError
from pipeline.ffmpeg.process import run
from pipeline.film.inputs.footage import probe, write_sound
from pipeline.film.planning.settings import InsertSettings
from pipeline.stages import compose, storyboard
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from tests.film.films import drawn_pictures, footage_chain
from tests.sound.sounds import speechlike, write
from tests.stages import made_up
from tests.stages.test_prepare import Listener

TONE_HZ = 440


def tone(rate_hz: int, channels: int, seconds: float = 3.0) -> np.ndarray:
    one = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(int(seconds * rate_hz)) / rate_hz)
    rows = np.repeat(one[:, None], channels, axis=1)
    if channels == 6:
        rows[:, 3] = 0.9 * np.sin(2 * np.pi * 50 * np.arange(len(one)) / rate_hz)  # the bass channel
    return rows


def wav(folder: Path, rate_hz: int, channels: int, subtype: str) -> Path:
    soundfile.write(folder / "music.wav", tone(rate_hz, channels), rate_hz, subtype=subtype)
    return folder / "music.wav"


def converted(folder: Path, name: str, *options: str) -> Path:
    source = wav(folder, 44100, 2, "PCM_16")
    run(["-i", str(source), *options, "-y", str(folder / name)], timeout_s=60)
    return folder / name


def with_cover(folder: Path, name: str, *options: str) -> Path:
    Image.new("RGB", (64, 64), "red").save(folder / "cover.png")
    return converted(folder, name, "-i", str(folder / "cover.png"), "-map", "0:a", "-map", "1:v", *options)


def lying_mp3(folder: Path) -> Path:
    """Rubbish before the first frame, and a header that tells of a thousand hours."""
    data = bytearray(converted(folder, "right.mp3", "-id3v2_version", "0").read_bytes())
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert at > 0
    data[at + 8 : at + 12] = (140_000_000).to_bytes(4, "big")
    (folder / "music.mp3").write_bytes(bytes(1000) + b"\xff\xfbnot a frame" + bytes(data))
    return folder / "music.mp3"


def torn_mp3(folder: Path) -> Path:
    data = converted(folder, "right.mp3").read_bytes()
    (folder / "music.mp3").write_bytes(data[: len(data) // 2])
    return folder / "music.mp3"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, Results]:
    root = tmp_path_factory.mktemp("film")
    store, results = made_up.results(root / "work")
    workplace = Workplace(store=store, output=root / "out")
    return workplace, storyboard.run(made_up.production(), results, workplace)


def soundtrack(told: tuple[Workplace, Results], music: Path) -> np.ndarray:
    production = made_up.production(sound={"under_cards": "music", "music": music.name})
    production._folder = music.parent
    workplace, results = told
    track = compose.soundtrack(production, results, workplace)
    return soundfile.read(track.path(track.record.lossless_file))[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: wav(folder, 22050, 1, "PCM_U8"),
        lambda folder: wav(folder, 48000, 6, "PCM_16"),
        lambda folder: wav(folder, 192000, 1, "DOUBLE"),
        lying_mp3,
        torn_mp3,
        lambda folder: with_cover(folder, "music.mp3", "-c:v", "copy", "-disposition:v", "attached_pic"),
        lambda folder: with_cover(folder, "music.mp4", "-c:v", "mjpeg", "-c:a", "aac"),
    ],
    ids=["8-bit", "5.1", "double", "lying", "torn", "cover", "film"],
)
def test_music_of_any_rate_width_and_depth_is_heard_under_cards(
    told: tuple[Workplace, Results], tmp_path: Path, make: object
) -> None:
    assert callable(make)
    track = soundtrack(told, make(tmp_path))
    title = track[12000:36000]
    spectrum = np.abs(np.fft.rfft(title[:, 0] * np.hanning(len(title))))
    assert np.argmax(spectrum) * 2 == pytest.approx(TONE_HZ, abs=4)
    assert np.abs(title).max() > 0.01
    np.testing.assert_allclose(title[:, 0], title[:, 1], atol=2e-4)


def test_footage_with_a_silent_first_track_and_samples_that_are_no_numbers_is_heard_and_told(tmp_path: Path) -> None:
    voice = speechlike(3.0, 48000)
    voice[1000:1020] = np.nan
    write(tmp_path / "voice.wav", voice, 48000, "FLOAT")
    picture = ["-f", "lavfi", "-i", "color=red:s=64x36:r=24:d=3", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=3"]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:a", "pcm_f32le", "-pix_fmt", "yuv420p"]
    run([*picture, "-i", str(tmp_path / "voice.wav"), *maps, "-y", str(tmp_path / "talk.mov")], timeout_s=60)
    wav(tmp_path, 44100, 2, "PCM_16")
    production = made_up.production(
        sound={"under_cards": "music", "music": "music.wav"},
        insert=[{"file": "talk.mov", "after": "start", "fade_seconds": 0}],
    )
    production._folder = tmp_path
    store, results = made_up.results(tmp_path / "work")
    listener = Listener()
    workplace = Workplace(store=store, output=tmp_path / "out", report=listener)
    results = storyboard.run(production, results, workplace)
    track = compose.soundtrack(production, results, workplace)
    heard = soundfile.read(track.path(track.record.lossless_file))[0]
    assert np.isfinite(heard).all()
    assert np.abs(heard[48000 : 3 * 48000]).max() > 0.02
    power = np.abs(np.fft.rfft(heard[48000 : 2 * 48000, 0] * np.hanning(48000)))
    under_title = np.abs(np.fft.rfft(heard[4 * 48000 : 5 * 48000, 0] * np.hanning(48000)))
    assert power[TONE_HZ] < 0.05 * under_title[TONE_HZ]
    assert any("talk.mov: sound track 2 of 2 is taken" in note for note in listener.notes)
    assert any("talk.mov: 20 samples are no numbers" in warning for warning in listener.warnings)


def silent_film(folder: Path) -> Path:
    run(["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", "-y", str(folder / "music.mp4")], timeout_s=60)
    return folder / "music.mp4"


def mere_text(folder: Path) -> Path:
    (folder / "music.mp3").write_text("no music at all\n" * 100)
    return folder / "music.mp3"


def mere_header(folder: Path) -> Path:
    (folder / "music.wav").write_bytes(wav(folder, 44100, 2, "PCM_16").read_bytes()[:44])
    return folder / "music.wav"


@pytest.mark.parametrize(
    ("make", "words"),
    [(silent_film, "holds no sound"), (mere_text, "text file"), (mere_header, "music")],
)
def test_what_is_no_music_is_told_with_its_name(
    told: tuple[Workplace, Results], tmp_path: Path, make: object, words: str
) -> None:
    assert callable(make)
    with pytest.raises(InputError) as raised:
        soundtrack(told, make(tmp_path))
    assert words in str(raised.value)
    assert "music." in str(raised.value)


def phone_video(folder: Path) -> Path:
    """Held upright: pictures of uneven pace, stored on their side, with a tone; red above, then blue above."""
    pace = "setpts='if(lt(N,20),N/30,N/30+(N-20)/20)/TB'"
    sides = "[0][1]hstack[r];[2][3]hstack[b];[r][b]concat," + pace + "[v]"
    colours = [
        part
        for colour in ("red", "green", "blue", "green")
        for part in ("-f", "lavfi", "-i", f"color={colour}:s=48x64:r=30:d=1")
    ]
    sound = ["-f", "lavfi", "-i", f"sine=frequency={TONE_HZ}:duration=3.2"]
    told = ["-map", "[v]", "-map", "4:a", "-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    run([*colours, *sound, "-filter_complex", sides, *told, "-y", str(folder / "side.mp4")], timeout_s=60)
    turned = ["-display_rotation:v:0", "-90", "-i", str(folder / "side.mp4"), "-c", "copy", "-y"]
    run([*turned, str(folder / "phone.mp4")], timeout_s=60)
    return folder / "phone.mp4"


def test_a_phones_video_stands_upright_at_an_even_pace_with_its_sound(tmp_path: Path) -> None:
    footage = probe(phone_video(tmp_path))
    assert footage.has_sound
    settings = InsertSettings(file="x", fade_seconds=0, fit="pad")
    size, rate = (64, 96), Fraction(24)
    pictures = drawn_pictures(
        footage_chain(tmp_path / "phone.mp4", settings, tmp_path, frames=60, size=size, frame_rate=rate)
    )
    above, below = pictures[3][20, 32], pictures[3][80, 32]
    assert above.argmax() == 0
    assert below.argmax() == 1
    blue = [picture[20, 32].argmax() == 2 for picture in pictures]
    # 20 frames at an even pace, then each 1/30 + 1/20 s: the 31st begins at 1 + 10/20 s
    assert blue.index(True) / float(rate) == pytest.approx(1.5, abs=0.06)
    sound = write_sound(footage, settings, 2.0, tmp_path / "sound.f32")
    assert sound.shape == (96000, 2)
    assert np.abs(np.asarray(sound)).max() > 0.05


def test_a_song_with_a_cover_is_no_insert(tmp_path: Path) -> None:
    song = with_cover(tmp_path, "song.mp3", "-c:v", "copy", "-disposition:v", "attached_pic")
    with pytest.raises(InputError, match="no picture"):
        probe(song)


def test_room_for_the_sound_of_footage_is_required_before_anything_is_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone_video(tmp_path)
    asked: list[float] = []
    monkeypatch.setattr(compose, "require_room", lambda _folder, needed_bytes, _purpose: asked.append(needed_bytes))
    store, results = made_up.results(tmp_path / "work")
    workplace = Workplace(store=store, output=tmp_path / "out")
    for sound in (False, True):
        film = made_up.production(insert=[{"file": "phone.mp4", "after": "start", "seconds": 2.0, "sound": sound}])
        film._folder = tmp_path
        compose.soundtrack(film, storyboard.run(film, results, workplace), workplace)
    assert asked[1] - asked[0] == 2 * 48_000 * 8  # two seconds of stereo in 32-bit floats
