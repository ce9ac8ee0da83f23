"""Frames for looking: as the film has them, small, from clips that stay ready for as long as they look the same."""

from __future__ import annotations

import io
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.picture.drawing.planes import planes_from_rgb, rgb_from_planes
from pipeline.studio.preview.clips import MOST_BYTES, ReadyClips
from pipeline.studio.preview.film import Preview
from pipeline.studio.preview.pictures import jpeg_of, small_picture
from tests.studio.conftest import Opened


@given(divisor=st.integers(1, 7), seed=st.integers(0, 3))
def test_a_small_picture_has_the_means_of_the_films_pixels(divisor: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 236, (9, 16, 3), np.uint8).repeat(14, axis=0).repeat(14, axis=1)
    planes = planes_from_rgb(coarse)
    small = small_picture(planes, divisor).astype(float)
    height, width = 126 // divisor, 224 // divisor
    assert small.shape == (height, width, 3)
    whole = rgb_from_planes(planes)[: height * divisor, : width * divisor].astype(float)
    means = whole.reshape(height, divisor, width, divisor, 3).mean(axis=(1, 3))
    if divisor % 2 and divisor > 1:  # chroma of a pixel in the middle is shared by two
        assert np.abs(small - means).mean() < 6
    else:
        assert np.abs(small - means).max() < 4


def test_the_smaller_a_picture_is_the_less_is_kept_of_it() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    sizes = [len(jpeg_of(picture, divisor)) for divisor in (1, 2, 4)]
    assert sizes == sorted(sizes, reverse=True)
    assert Image.open(io.BytesIO(jpeg_of(picture, 1))).size == (160, 90)


def test_frames_in_one_answer_are_those_that_come_alone_and_end_with_the_film(same: Opened) -> None:
    total = same.client.get("/api/story").json()["total"]
    answer = same.client.get(f"/api/frames?n={total - 5}&step=2&count=10&by=2")
    held, found = answer.content, {}
    while held:
        number, length = struct.unpack_from("<II", held)
        found[number] = held[8 : 8 + length]
        held = held[8 + length :]
    assert list(found) == [total - 5, total - 3, total - 1]
    assert found[total - 3] == same.client.get(f"/api/frame?n={total - 3}&by=2").content
    for wrong in ("count=0", "count=121", "count=2&step=0", "count=2&step=61", f"n={total}&count=2"):
        asked = {"n": "0", "step": "1", "by": "2"} | dict(one.split("=") for one in wrong.split("&"))
        assert same.client.get("/api/frames", params=asked).status_code == 400, wrong


def identities(preview: Preview, film: Opened) -> dict[str, str]:
    """What each clip of the film is known by."""
    found = preview._opened(film.studio.wanted())
    return {getattr(clip, "name", f"scene-{n}"): found.known(clip)[0] for n, clip in enumerate(found.timeline.clips)}


def test_a_change_leaves_all_clips_ready_that_it_is_not_about(film: Opened) -> None:
    preview = film.studio.preview

    def known() -> dict[str, str]:
        return preview.thread.submit(identities, preview, film).result()

    before = known()
    film.post("/api/story", kind="caption", section=0, iteration=24, text="Words")
    captioned = known()
    assert [name for name in before if captioned[name] != before[name]] == ["scene-2"]
    film.post("/api/edit", edits=[{"path": ["section", 1, "storyboard", "card_seconds"], "value": 1.5}])
    assert [name for name in before if known()[name] != captioned[name]] == ["section-2"]
    film.post("/api/edit", edits=[{"path": ["video", "theme"], "value": "paper"}])
    assert not set(known().values()) & set(captioned.values())


def test_clips_are_made_ready_nearest_first_and_those_beyond_the_bound_let_go(film: Opened) -> None:
    preview = film.studio.preview
    wanted = film.studio.wanted()

    def warmed() -> list[int]:
        preview._ready.close()
        preview._ready = ReadyClips(most_bytes=MOST_BYTES)
        found = preview._opened(wanted)
        preview.picture(wanted, number=found.timeline.total_frames - 1, divisor=4)
        counts = []
        while preview.warm():
            counts.append(sum(found.known(clip)[0] in preview._ready for clip in found.timeline.clips))
        return [*counts, len(found.timeline.clips)]

    counts = preview.thread.submit(warmed).result()
    assert counts[-2] == counts[-1]
    assert counts == sorted(counts)

    def bounded() -> list[bool]:
        found = preview._opened(wanted)
        preview._ready.close()
        ready = preview._ready = ReadyClips(most_bytes=2 * found.timeline.width * found.timeline.height * 20)
        for clip in found.timeline.clips:
            found.draw(clip.start_frame, ready)
        there = [found.known(clip)[0] in ready for clip in found.timeline.clips]
        assert not preview.warm()
        return there

    assert preview.thread.submit(bounded).result() == [False] * (counts[-1] - 2) + [True] * 2


def test_a_template_that_is_saved_changes_the_stamp(film: Opened) -> None:
    before = film.studio.wanted().stamp
    assert film.studio.wanted().stamp == before
    folder = film.file.parent / "templates" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('extends = "midnight"\n', encoding="utf-8")
    assert film.studio.wanted().stamp != before


def test_a_page_that_has_not_heard_of_a_change_sees_its_film_until_the_new_one_is_laid_out(film: Opened) -> None:
    old = film.client.get("/api/story").json()["stamp"]
    before = film.client.get(f"/api/frame?n=30&by=2&stamp={old}").content
    film.post("/api/edit", edits=[{"path": ["video", "theme"], "value": "paper"}])
    assert film.client.get(f"/api/frame?n=30&by=2&stamp={old}").content == before
    after = film.client.get("/api/story").json()["stamp"]
    assert after != old
    for stamp in (after, old, ""):
        assert film.client.get(f"/api/frame?n=30&by=2&stamp={stamp}").content != before
