"""The microphone in a real browser: heard, shown, and kept as it comes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soundfile

from tests.studio.browsing import IS_MISSING, SPOKEN_HZ, until
from tests.studio.served import Served

pytestmark = IS_MISSING


def spoken(new: Served) -> tuple[np.ndarray, int]:
    samples, rate_hz = soundfile.read(new.file.parent / "recordings" / "voice.wav")
    return samples, rate_hz


def pitch_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate_hz / len(samples))


def bytes_of(new: Served) -> int:
    """How much of the microphone is on disk."""
    return sum(path.stat().st_size for path in (new.file.parent / "recordings").glob("*.wav"))


def test_the_microphone_is_shown_kept_as_it_comes_and_kept_when_the_server_is_killed(new: Served, page: Any) -> None:
    page.goto(new.link)
    page.locator(".reading p").first.wait_for()
    record = page.get_by_role("button", name="Record", exact=True)
    record.click()
    until(lambda: bytes_of(new) > 100_000, "a second is on disk while it goes on")
    assert page.locator("meter").evaluate("(one) => one.value") > -30
    new.stop()  # in the middle of it
    kept, rate_hz = spoken(new)
    assert len(kept) > rate_hz
    assert pitch_hz(kept, rate_hz) == pytest.approx(SPOKEN_HZ, abs=5)
    page.locator(".microphone [role=status]").get_by_text("does not answer").wait_for()
    new.start()
    until(lambda: len(list((new.file.parent / "recordings").glob("*.wav"))) == 2, "it goes on in a new file")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".recordings strong").get_by_text("voice-2.wav").wait_for()
    again, _ = spoken(new)
    np.testing.assert_array_equal(again, kept)
    rest, _ = soundfile.read(new.file.parent / "recordings" / "voice-2.wav")
    assert pitch_hz(rest, rate_hz) == pytest.approx(SPOKEN_HZ, abs=5)


def test_a_recording_is_ended_and_judged_at_once(new: Served, page: Any) -> None:
    page.goto(new.link)
    page.get_by_role("button", name="Record", exact=True).click()
    until(lambda: bytes_of(new) > 100_000, "a second is on disk")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".recordings").get_by_text("voice.wav").first.wait_for()
    page.locator(".recordings .chip").first.wait_for()
    until(lambda: bytes_of(new) > 100_000, "it is whole")
    assert page.get_by_role("button", name="Make the film").is_enabled()
