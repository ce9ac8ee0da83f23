import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio.formats import SILENCE_BYTE
from pipeline.errors import ProductionError
from pipeline.learning.training.streams import TrainingStreams, ValidationStreams


def counted(samples: int) -> np.ndarray:
    return (np.arange(samples) % 251).astype(np.uint8)


def test_streams_are_contiguous_and_together_cover_an_epoch() -> None:
    streams = TrainingStreams(counted(200), batch=2, sequence=10, lookback=1)
    assert streams.windows_per_epoch == 10
    windows = [streams.window(update).data.numpy()[:, 1:] for update in range(10)]
    np.testing.assert_array_equal(np.concatenate(windows, axis=1), counted(200).reshape(2, 100))


def test_what_stands_before_a_predicted_byte_is_what_was_heard_before_it() -> None:
    window = TrainingStreams(counted(200), batch=2, sequence=10, lookback=3).window(0).data.numpy()
    assert window[0, :3].tolist() == [SILENCE_BYTE] * 3
    assert window[1, :4].tolist() == [97, 98, 99, 100]


def test_only_the_first_window_of_an_epoch_begins_streams() -> None:
    streams = TrainingStreams(counted(200), batch=2, sequence=25, lookback=1)
    assert [streams.window(update).begins for update in range(6)] == [True, False, False, False, True, False]


def test_shifted_epochs_stay_inside_their_stream_and_differ() -> None:
    streams = TrainingStreams(counted(400), batch=2, sequence=20, lookback=1, seed=3, shifts=True)
    firsts = set()
    for epoch in range(8):
        first = streams.window(epoch * streams.windows_per_epoch).data.numpy()
        last = streams.window((epoch + 1) * streams.windows_per_epoch - 1).data.numpy()
        firsts.add(int(first[0, 1]))
        assert last[0, -1] < 200
    assert len(firsts) > 1


def test_a_corpus_too_short_for_the_batch_is_refused() -> None:
    with pytest.raises(ProductionError, match="50 streams of 50 bytes"):
        TrainingStreams(counted(2000), batch=50, sequence=50, lookback=1)


@given(st.integers(1, 9000), st.integers(1, 7), st.integers(1, 9))
@settings(deadline=None, max_examples=40)
def test_validation_sees_the_same_bytes_whatever_the_network(samples: int, group: int, lookback: int) -> None:
    data = counted(samples)

    def seen(lookback: int, group: int) -> np.ndarray:
        streams = ValidationStreams(data, lookback=lookback, group=group)
        parts = []
        for window, own in streams.windows():
            assert (window.shape[1] - lookback) % group == 0
            parts.append(window.numpy()[:, lookback : lookback + own])
        joined = np.concatenate(parts, axis=1)
        assert joined.size == streams.bytes
        return joined

    np.testing.assert_array_equal(seen(lookback, group), seen(1, 1))
