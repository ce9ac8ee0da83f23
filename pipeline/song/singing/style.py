"""How a singer sings: numbers with their units. It does not sing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SingingStyle:
    """One singer's ways.

    Parameters
    ----------
    transpose
        Semitones.
    vibrato_cents, vibrato_hz
        Depth to either side, and rate.
    portamento_s
        How long the pitch takes from a tenth to nine tenths of the way to the next note.
    attack_cents
        How far below its pitch a note after a rest begins.
    release_cents
        How far the pitch falls where a note before a rest ends.
    dynamics_db
        Between the softest and the loudest velocity.
    seed
        Of the small irregularities of a voice.
    """

    transpose: float = 0.0
    vibrato_cents: float = 25.0
    vibrato_hz: float = 5.6
    portamento_s: float = 0.06
    attack_cents: float = 60.0
    release_cents: float = 50.0
    dynamics_db: float = 20.0
    seed: int = 1
