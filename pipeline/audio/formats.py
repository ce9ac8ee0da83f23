"""Audio formats that several rooms share: the two 8-bit encodings, and what a WAV file can hold.

It loads no array library, because tools start quickly.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Encoding = Literal["linear-u8", "mu-law"]
"""How 8 bits hold one sample: linear unsigned as in 8-bit WAV files, or mu-law after ITU-T G.711."""

ENCODINGS: Final[tuple[Encoding, ...]] = get_args(Encoding)

SILENCE_BYTE: Final = 128
"""What both encodings make of silence."""

FILM_RATE_HZ: Final = 48_000
"""The sample rate of all sound of a film."""

WAV_LIMIT_BYTES: Final = (1 << 32) - 4096
"""Samples of a WAV file: its header counts them, and itself, in 32 bits."""


def wav_container(sample_bytes: int) -> Literal["WAV", "RF64"]:
    """Choose the container for so many bytes of samples, in libsndfile's words; RF64 is EBU Tech 3306."""
    return "WAV" if sample_bytes <= WAV_LIMIT_BYTES else "RF64"
