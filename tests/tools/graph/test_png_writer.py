import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.tools.graph.writers import png as png_writer
from pipeline.tools.graph.writers.png import write_png


def written(numbers: np.ndarray, colours: np.ndarray) -> bytes:
    file = io.BytesIO()
    height, width = numbers.shape
    write_png(file, width, height, lambda: colours, lambda first, last: numbers[first:last])
    return file.getvalue()


def colours(count: int, *, opaque: bool) -> np.ndarray:
    found = np.random.default_rng(count).integers(0, 256, (count, 4)).astype(np.uint8)
    if opaque:
        found[:, 3] = 255
    return found


@settings(deadline=None, max_examples=40)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 40)),
    count=st.sampled_from([1, 2, 256, 300]),
    opaque=st.booleans(),
    stretch=st.sampled_from([1, 100, 1 << 22]),
    seed=st.integers(0, 9),
)
def test_every_picture_is_read_back(size: tuple[int, int], count: int, opaque: bool, stretch: int, seed: int) -> None:  # noqa: FBT001
    width, height = size
    palette = colours(count, opaque=opaque)
    kind = np.uint8 if count <= 256 else np.uint16
    numbers = np.random.default_rng(seed).integers(0, count, (height, width)).astype(kind)
    before = png_writer._STRETCH_BYTES
    png_writer._STRETCH_BYTES = stretch
    try:
        data = written(numbers, palette)
    finally:
        png_writer._STRETCH_BYTES = before
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), palette[numbers])


def test_the_longest_side_is_written() -> None:
    for shape in ((1, 65_535), (65_535, 1)):
        data = written(np.zeros(shape, np.uint8), colours(1, opaque=True))
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == shape[::-1]


def test_the_same_picture_gives_the_same_bytes() -> None:
    numbers = np.random.default_rng(0).integers(0, 3, (500, 300)).astype(np.uint8)
    assert written(numbers, colours(3, opaque=True)) == written(numbers, colours(3, opaque=True))


def test_a_failure_while_painting_is_told_and_not_swallowed() -> None:
    def paint(first: int, last: int) -> np.ndarray:
        if first > 5:
            raise RuntimeError("no paint left")
        return np.zeros((last - first, 1 << 21), np.uint8)

    with pytest.raises(RuntimeError, match="no paint left"):
        write_png(io.BytesIO(), 1 << 21, 40, lambda: colours(1, opaque=True), paint)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_of_pieces_join_to_that_of_the_whole(first: bytes, second: bytes) -> None:
    joined = png_writer._joined_adler(zlib.adler32(first), zlib.adler32(second), len(second))
    assert joined == zlib.adler32(first + second)
