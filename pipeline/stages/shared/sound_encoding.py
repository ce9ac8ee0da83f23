"""The mixed film becomes an encoded soundtrack at its loudness, whose true peak keeps the limit after decoding too.

This module joins mastering and encoding: what an encoder adds to peaks is known only afterwards, and the limiter then
leaves that much more headroom. It does not know what was mixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.film.encoding.container import encode_sound
from pipeline.sound.settings import SoundSettings
from pipeline.sound.signal.loudness import Loudness
from pipeline.sound.soundtrack.mastering import Bus, write_soundtrack
from pipeline.sound.soundtrack.soundtrack import measure_file

_HEADROOM_DB: Final = 0.3
"""What AAC adds to the peaks of speech at 128 kbit/s and more: then it need not be encoded a second time."""
_PEAK_MARGIN_DB: Final = 0.1
_ENCODINGS: Final = 4
"""How often the sound is encoded at most, each time under a lower ceiling, until its true peak keeps the limit."""
_ENCODING_LEAVES: Final = 0.3
"""Of the work after each encoding: it seldom takes more than two."""


@dataclass(frozen=True)
class EncodedSound:
    """What was measured on the decoded sound.

    Parameters
    ----------
    loudness
        Of the whole film.
    is_held_down
        Whether a softer film than wanted is right: the limiter may lower its peaks no further.
    """

    loudness: Loudness
    is_held_down: bool


def encode_at_loudness(
    bus: Bus,
    wav: Path,
    aac: Path,
    settings: SoundSettings,
    *,
    kbit_per_s: int,
    hurried: bool,
    on_progress: Callable[[float], None],
) -> EncodedSound:
    """Write the soundtrack twice: without loss, and encoded.

    Parameters
    ----------
    wav, aac
        The files to write.
    kbit_per_s
        The encoder's bit rate.
    hurried
        Whether to search less for the best use of the bits.
    on_progress
        Called with the share that is done, 0 to 1.
    """
    ceiling_dbtp = settings.true_peak_dbtp - _HEADROOM_DB
    gain_db = None
    for again in range(_ENCODINGS):
        written = write_soundtrack(bus, wav, settings, ceiling_dbtp=ceiling_dbtp, first_gain_db=gain_db)
        encode_sound(wav, aac, total_samples=len(bus.samples), kbit_per_s=kbit_per_s, hurried=hurried)
        heard = measure_file(aac)
        on_progress(1.0 - _ENCODING_LEAVES ** (again + 1))
        over_db = heard.true_peak_dbtp - settings.true_peak_dbtp
        if not over_db > 0:
            break
        ceiling_dbtp -= over_db + _PEAK_MARGIN_DB
        gain_db = written.film_gain_db
    return EncodedSound(heard, written.is_held_down)
