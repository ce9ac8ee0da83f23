"""Which of a checkpoint's candidates is taken where it is chosen by its voice.

Pure: records in, a number out. Candidates need not be generated again for another choice.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.audio.features import REFUSED
from pipeline.audio.measures.likeness import voice_distance
from pipeline.audio.measures.record import VoiceMeasures
from pipeline.learning.sampling.take import CandidateFacts, CandidateSet

_COPIED: Final = 2.0
"""What a candidate that is all copied counts as further away."""
_LEAST_LEFT: Final = 0.5


def closest_in_voice(candidates: CandidateSet, recording: VoiceMeasures, samples: int) -> int:
    """The candidate that is most like the recording as a voice, counted from 1.

    What is copied from the recording counts against a candidate; silence, noise, and what was mostly dead air are taken
    only where there is nothing else. Records made before voices were measured keep their own choice.

    Parameters
    ----------
    recording
        What was measured on it.
    samples
        How long each candidate was asked to be.
    """
    if any(one.facts.voice is None for one in candidates.candidates):
        return candidates.closest
    return 1 + int(np.argmin([_distance(one, recording, samples) for one in candidates.candidates]))


def _distance(one: CandidateFacts, recording: VoiceMeasures, samples: int) -> float:
    left = one.samples or samples
    far = voice_distance(one.facts.voice, recording) if one.facts.voice else 0.0
    is_refused = one.distance >= REFUSED or left < _LEAST_LEFT * samples
    return far + _COPIED * one.facts.copied_samples / max(1, left) + REFUSED * is_refused
