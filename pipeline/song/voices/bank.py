"""A voice bank as UTAU singers have them: a folder of WAVs, with or without `oto.ini`, and `prefix.map`.

Owns which sample a syllable is sung with: by alias (kana or Latin letters), after the vowel before it where the bank
has such samples (VCV), by pitch where it has a prefix map; else the sample that sounds nearest.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.errors import ProductionError
from pipeline.song.lyrics.sounds import Sound, plain_letters, sound_of
from pipeline.song.notes.texts import bounded_bytes, decoded
from pipeline.song.voices.aliases import ending_of, endings, is_syllable, near_sounds, spellings
from pipeline.song.voices.oto import OtoEntry, check_entries, read_oto, read_prefixes
from pipeline.song.voices.unit import Sounding, Unit, part_of, working_rate
from pipeline.sound.inputs.sound_file import name_of
from pipeline.store.files import remembered_sha256

Floats = npt.NDArray[np.float32]

OTO: Final = "oto.ini"
PREFIX_MAP: Final = "prefix.map"
_MOST_FILES: Final = 20_000
_DEEPEST: Final = 3
_KEPT_UNITS: Final = 256
_LONGEST_S: Final = 60.0
_RATES_HZ: Final = (8000, 192_000)
_WHOLE_OVERLAP_S: Final = 0.02
_SOUNDING_DB: Final = -30.0
"""Of the loudest: below, a sample without oto is trimmed."""


@dataclass(frozen=True)
class _Sample:
    """An entry and the file that it names; whether an `oto.ini` says where its parts lie."""

    entry: OtoEntry
    path: Path
    is_described: bool


@dataclass
class VoiceBank:
    """A folder of samples.

    Parameters
    ----------
    folder
        Where it lies.
    where
        What the user calls it, for errors.
    language
        Of the lyrics (BCP 47).
    """

    folder: Path
    where: str
    language: str = ""
    missed: set[str] = field(default_factory=set)
    """Syllables that were sung with the nearest sample."""

    def __post_init__(self) -> None:
        if not self._samples:
            raise ProductionError(
                "There are no WAV files in this folder.",
                where=f"{self.where}: {self.folder}",
                expected="a voice bank: WAV files, and an oto.ini where there is one",
            )

    @cached_property
    def rate_hz(self) -> int:
        """The rate at which it sings: that of its first sample."""
        first = next(iter(self._samples.values()))
        return working_rate(_read(first.path)[1])

    @cached_property
    def content_hash(self) -> str:
        """A hash of all its files."""
        total = hashlib.sha256()
        for path in self._files:
            total.update(f"{path.relative_to(self.folder).as_posix()}:{remembered_sha256(path)}\n".encode())
        return total.hexdigest()

    @cached_property
    def _files(self) -> list[Path]:
        found = sorted(islice(_files_in(self.folder, 0), _MOST_FILES + 1))
        if len(found) > _MOST_FILES:
            raise ProductionError(
                f"The voice bank has more than {_MOST_FILES:,} files.", where=f"{self.where}: {self.folder}"
            )
        return found

    @cached_property
    def _samples(self) -> dict[str, _Sample]:
        """By alias; the first of two."""
        found: dict[str, _Sample] = {}
        wavs = {path for path in self._files if path.suffix.lower() == ".wav"}
        named = {(wav.parent, _composed(wav.name).casefold()): wav for wav in sorted(wavs, reverse=True)}
        described, lines = set(), 0
        for path in (path for path in self._files if path.name.lower() == OTO):
            entries = read_oto(decoded(bounded_bytes(path, self.where, OTO)), f"{self.where}: {path}")
            lines += len(entries)
            check_entries(lines, f"{self.where}: {self.folder}")
            for entry in entries:
                wav = named.get((path.parent, Path(entry.file.replace("\\", "/")).name.casefold()))
                if wav is not None:
                    found.setdefault(entry.alias, _Sample(entry, wav, is_described=True))
                    described.add(wav)
        for wav in sorted(wavs - described):
            alias = _composed(wav.stem)
            found.setdefault(alias, _Sample(OtoEntry(wav.name, alias), wav, is_described=False))
        return found

    @cached_property
    def _prefixes(self) -> dict[int, tuple[str, str]]:
        path = next((path for path in self._files if path.name.lower() == PREFIX_MAP), None)
        return {} if path is None else dict(read_prefixes(decoded(bounded_bytes(path, self.where, PREFIX_MAP))))

    @cached_property
    def _names(self) -> dict[str, str]:
        """Aliases without the letters that a prefix map adds for their pitch."""
        marks = sorted({pair for pair in self._prefixes.values() if any(pair)}, key=lambda pair: -len("".join(pair)))

        def name(alias: str) -> str:
            for before, after in marks:
                if alias.startswith(before) and alias.endswith(after):
                    return alias.removeprefix(before).removesuffix(after).strip() or alias
            return alias

        return {alias: name(alias) for alias in self._samples}

    @cached_property
    def _by_letters(self) -> dict[str, str]:
        """Aliases by their letters: those that are a syllable alone, not one after a vowel."""
        return {plain_letters(name): alias for alias, name in reversed(self._names.items()) if " " not in name}

    def sounding(self, syllable: str, before: str, key: float, vowels: str = "") -> Sounding:
        """What a syllable is sung with; see `Voice`."""
        alias, is_own = self._chosen(syllable, before, key, vowels)
        glides_to = "" if is_own else sound_of(syllable, self.language, vowels).glides_to
        if not glides_to:
            return Sounding(self._unit(alias))
        return Sounding(self._unit(alias), glide=self._unit(self.alias(glides_to, "", key)))

    def ending(self, syllable: str, after: str, key: float, vowels: str = "") -> Unit | None:
        """The end of a syllable; see `Voice`."""
        onset = ""
        if after:
            chosen = self._names[self.alias(after, syllable, key)].removeprefix("- ")
            onset = "" if " " in chosen else sound_of(after, self.language).onset
            if not onset:
                return None
        for name in endings(ending_of(syllable, self.language, vowels), onset):
            alias = self._found(name, key)
            if alias is not None and not is_syllable(name):
                return replace(self._unit(alias), is_ending=True)
        return None

    def alias(self, syllable: str, before: str, key: float, vowels: str = "") -> str:
        """The alias of the sample for a syllable."""
        return self._chosen(syllable, before, key, vowels)[0]

    def _chosen(self, syllable: str, before: str, key: float, vowels: str) -> tuple[str, bool]:
        """The alias for a syllable, and whether it is this syllable's own."""
        said = sound_of(syllable, self.language, vowels) if vowels else None
        ended = ending_of(before, self.language)
        for name in [*spellings(syllable, ended, said)] or ["\u3042", "a"]:
            if (alias := self._found(name, key)) is not None:
                return alias, said is None
        plain = plain_letters(syllable)
        if plain and not vowels and plain in self._by_letters:
            return self._by_letters[plain], True
        if plain:
            self.missed.add(syllable)
        sound = said or sound_of(syllable, self.language)
        for near in near_sounds(sound):
            for name in spellings(syllable, ended, near):
                if (alias := self._found(name, key)) is not None:
                    return alias, False
        return self._nearest(sound, key), False

    def _found(self, name: str, key: float) -> str | None:
        """The alias of a name, that of the note's pitch where there is one."""
        before, after = self._prefixes.get(round(key), ("", ""))
        return next((one for one in (before + name + after, name) if one in self._samples), None)

    def _nearest(self, sound: Sound, key: float) -> str:
        """The alias that sounds most alike: the same vowel, and the same beginning where there is one."""
        wanted = (sound, self._prefixes.get(round(key), ("", "")))
        if wanted not in self._stand_ins:

            def unlike(alias: str) -> tuple[bool, bool, bool, bool, int, bool, str]:
                name, own = self._names[alias], self._sounds[alias]
                is_plain = " " not in name or name.startswith("- ")
                is_here = alias == wanted[1][0] + name + wanted[1][1]
                return (
                    *(not is_syllable(name), own.vowel != sound.vowel, own.onset != sound.onset, not is_plain),
                    *(len(own.onset), not is_here, alias),
                )

            self._stand_ins[wanted] = min(self._samples, key=unlike)
        return self._stand_ins[wanted]

    @cached_property
    def _sounds(self) -> dict[str, Sound]:
        """How each alias sounds."""
        return {alias: sound_of(name.rpartition(" ")[2]) for alias, name in self._names.items()}

    @cached_property
    def _stand_ins(self) -> dict[tuple[Sound, tuple[str, str]], str]:
        return {}

    @cached_property
    def _units(self) -> dict[str, Unit]:
        return {}

    def _unit(self, alias: str) -> Unit:
        if alias not in self._units:
            sample = self._samples[alias]
            if len(self._units) >= _KEPT_UNITS:
                self._units.pop(next(iter(self._units)))
            is_described = sample.is_described and sample.entry.has_parts
            self._units[alias] = (_described if is_described else _whole)(sample.path, sample.entry)
        return self._units[alias]


def _composed(name: str) -> str:
    """A name with its marks joined to their letters: some systems part the marks of voiced kana from them."""
    return unicodedata.normalize("NFC", name)


def _files_in(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries[: _MOST_FILES + 1]:
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir() and depth < _DEEPEST:
            yield from _files_in(path, depth + 1)
        elif (path.suffix.lower() == ".wav" or path.name.lower() in (OTO, PREFIX_MAP)) and path.is_file():
            yield path


def _read(path: Path) -> tuple[Floats, int]:
    try:
        with soundfile.SoundFile(name_of(path)) as file:
            rate = file.samplerate
            if not _RATES_HZ[0] <= rate <= _RATES_HZ[1]:
                raise ProductionError(
                    f"The sample has {rate} Hz.", where=str(path), expected=f"{_RATES_HZ[0]} to {_RATES_HZ[1]} Hz"
                )
            samples = file.read(round(_LONGEST_S * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise ProductionError("The sample can't be read.", where=str(path), expected="a WAV file") from error
    samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    if len(samples) < 0.02 * rate:
        raise ProductionError("The sample is shorter than 20 ms.", where=str(path), expected="a recorded syllable")
    return samples, rate


def _described(path: Path, entry: OtoEntry) -> Unit:
    samples, rate = _read(path)
    begin_s, end_s = entry.span_s(len(samples) / rate)
    first, last = round(begin_s * rate), round(end_s * rate)
    part, margins_s = part_of(samples, rate, first, last)
    seconds = (last - first) / rate
    before = min(max(0.0, entry.preutterance_ms / 1000), seconds)
    return Unit(
        entry.alias,
        part,
        rate,
        fixed_s=min(max(before, entry.fixed_ms / 1000), seconds),
        preutterance_s=before,
        overlap_s=min(max(0.0, entry.overlap_ms / 1000), seconds),
        margins_s=margins_s,
    )


def _whole(path: Path, entry: OtoEntry) -> Unit:
    """A sample of which nothing says where its parts lie: trimmed to where it sounds, within what its entry leaves.

    Its vowel begins where it is nearly as loud as it becomes.
    """
    whole, rate = _read(path)
    samples = whole[slice(*(round(at_s * rate) for at_s in entry.span_s(len(whole) / rate)))]
    hop = max(1, round(0.005 * rate))
    levels = np.sqrt(np.add.reduceat(np.square(samples), np.arange(0, len(samples), hop)) / hop)
    loud = np.flatnonzero(levels > max(1e-6, float(levels.max()) * 10 ** (_SOUNDING_DB / 20)))
    first, last = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(levels))
    full = int(np.flatnonzero(levels[first:last] >= 0.5 * levels[first:last].max())[0])
    begin, end = first * hop, min(len(samples), last * hop)
    part, margins_s = part_of(samples, rate, begin, end)
    seconds = (end - begin) / rate
    before = min(full * hop / rate, 0.3, 0.5 * seconds)
    return Unit(
        entry.alias,
        part,
        rate,
        fixed_s=min(before + 0.04, 0.6 * seconds),
        preutterance_s=before,
        overlap_s=min(_WHOLE_OVERLAP_S, before),
        margins_s=margins_s,
    )
