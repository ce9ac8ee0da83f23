"""Which of a section's takes sings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.errors import ProductionError
from pipeline.production.schema import load_production
from pipeline.runs.stored import RunRecording, RunSound
from pipeline.song.settings import SongVoiceSettings
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.songs.voices import _learned, voice_source
from pipeline.store.store import Result
from tests.song.speakers import RATE_HZ, speech

NOISE = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE_HZ).astype(np.float32)


def take(folder: Path, iteration: int, samples: npt.NDArray[np.float32]) -> Result[RunSound]:
    own = folder / str(iteration)
    own.mkdir()
    np.save(own / "samples.npy", samples)
    record = RunSound(
        samples_file="samples.npy", sample_rate_hz=RATE_HZ, channels=1, samples=len(samples), iteration=iteration
    )
    return Result(own, record, str(iteration))


def test_the_best_take_that_has_a_voice_sings_though_a_better_one_is_noise(tmp_path: Path) -> None:
    poor = np.concatenate([speech()[: len(speech()) // 4], NOISE])
    takes = [take(tmp_path, at, one) for at, one in ((4, NOISE), (3, poor), (2, speech()), (1, speech()))]
    singer = _learned(takes, "section 1", "en")
    assert singer.name == "section 1, iteration 2"
    assert not singer.doubt("song 1, voice 1")


def test_where_no_take_has_a_voice_the_best_one_sings_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    singer = _learned([take(tmp_path, at, NOISE) for at in (9, 3)], "section 1", "en")
    doubt = singer.doubt("song 1, voice 2")
    assert doubt.startswith("song 1, voice 2: no steady voiced sound was found in section 1, iteration 9, nor in ")
    assert "2 were looked at" in doubt
    assert "Train longer" in doubt


def test_a_run_without_a_recording_can_not_sing_it(tmp_path: Path) -> None:
    (tmp_path / "production.toml").write_text('title = "x"\n[[section]]\ntitle = "One"\nrecordings = ["a.wav"]\n')
    nothing = Result(tmp_path, RunRecording(sample_rate_hz=RATE_HZ, channels=1, samples=0), "none")
    voice, results = SongVoiceSettings(voice="recording 1"), Results(corpora=(nothing,))
    production = load_production(tmp_path)
    with pytest.raises(ProductionError, match="Section 1 has no recording that could sing") as caught:
        voice_source(production, results, {}, voice, "song 1, voice 1", language="en")
    assert '"section 1"' in caught.value.expected
