"""What songs are to cost: how long they last in the film, and how much is to be sung.

Owns those counts. It reads melodies and lyrics, and sings nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from pipeline.build import estimate
from pipeline.build.estimate import SINGING, Amount
from pipeline.errors import BuildVideoError
from pipeline.production.schema import Production

_SUNG_S_PER_S: Final = 8.0


@dataclass(frozen=True)
class SongAhead:
    """How long a song lasts, how long all its voices sing, and in how many phrases."""

    seconds: float
    sung_s: float
    phrases: int

    @property
    def pieces(self) -> int:
        """Its phrases, and the mix."""
        return self.phrases + 1

    def amount(self, to_make: Sequence[bool] | None) -> Amount:
        """What is to be sung, by which of its pieces are still to be made; None: all."""
        share = 1.0 if to_make is None else sum(to_make) / max(1, len(to_make))
        return Amount("sample", SINGING, self.sung_s * share, _SUNG_S_PER_S)


def film_seconds(production: Production) -> float:
    """About how long the film will be, its songs included."""
    return estimate.film_seconds(production, sum(song.seconds for song in songs_ahead(production)))


def takes_and_songs(production: Production, to_make: Sequence[bool] | None) -> tuple[float, list[Amount]]:
    """How much of the takes is still to be made, 0 to 1, and what is to be sung.

    Parameters
    ----------
    to_make
        Of each piece of the stage, those of songs last, whether it is still to be made; None: all.
    """
    songs = songs_ahead(production)
    sung = sum(song.pieces for song in songs)
    if to_make is None or sung > len(to_make):
        return 1.0, [song.amount(None) for song in songs]
    counts = [len(to_make) - sung, *(song.pieces for song in songs)]
    takes, *parts = (to_make[end - count : end] for count, end in zip(counts, accumulate(counts), strict=True))
    return sum(takes) / max(1, len(takes)), [song.amount(part) for song, part in zip(songs, parts, strict=True)]


def songs_ahead(production: Production) -> tuple[SongAhead, ...]:
    """Every song of a production; one that can't be read counts nothing, for the build itself says what is wrong."""
    if not production.songs:
        return ()
    from pipeline.stages.shared.songs.plan import song_plan  # noqa: PLC0415 - only where there are songs

    found = []
    for number in range(len(production.songs)):
        try:
            plan = song_plan(production, number)
        except BuildVideoError:
            found.append(SongAhead(0.0, 0.0, 0))
            continue
        phrases = [phrase for voice in plan.voices for phrase in voice.phrases]
        sung_s = sum(phrase.end_s - phrase.start_s for phrase in phrases)
        found.append(SongAhead(plan.end_s - plan.begin_s, sung_s, len(phrases)))
    return tuple(found)
