from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.song.voices.bank import VoiceBank
from pipeline.song.voices.oto import OtoEntry, is_inside, read_oto, read_prefixes
from tests.song.speakers import vowel, write_bank, write_pitched_bank

SA, A, SHI, UP = "\u3055", "\u3042", "\u3057", "\u2191"


@pytest.fixture(scope="module", params=["cp932", "utf-8"])
def bank(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VoiceBank:
    return VoiceBank(write_bank(tmp_path_factory.mktemp("bank"), encoding=request.param), "voice", "en")


@pytest.mark.parametrize(
    ("syllable", "before", "key", "alias"),
    [
        (SA, "", 60, SA),
        ("sa", "", 60, SA),
        ("\u30b5", "", 60, SA),
        (A, SA, 60, f"a {A}"),
        (A, "", 60, A),
        (A, "", 72, f"{A}_high"),
        ("i", "", 60, "i"),
        ("see", "", 60, "i"),
        ("", "", 60, A),
    ],
)
def test_a_syllable_finds_its_sample(bank: VoiceBank, syllable: str, before: str, key: float, alias: str) -> None:
    assert bank.alias(syllable, before, key) == alias


@pytest.mark.parametrize(
    ("syllable", "before", "key", "alias"),
    [
        (SHI, A, 57, f"a {SHI}{UP}"),
        ("shi", "a", 57, f"a {SHI}{UP}"),
        ("a", "", 57, f"- {A}{UP}"),
        (f"a {SHI}", "", 57, f"a {SHI}{UP}"),
        ("shi", "ka", 40, f"{SHI}{UP}"),  # no suffix is given for its pitch
        ("she", "", 57, f"{SHI}{UP}"),
        ("see", "a", 57, f"a {SHI}{UP}"),
        ("la", "", 57, f"- {A}{UP}"),
    ],
)
def test_suffixes_by_pitch_hold_for_every_kind_of_alias(
    tmp_path: Path, syllable: str, before: str, key: float, alias: str
) -> None:
    assert VoiceBank(write_pitched_bank(tmp_path), "x", "en").alias(syllable, before, key) == alias


def test_endings_and_consonants_to_go_over_to_are_no_syllables_and_end_them(tmp_path: Path) -> None:
    bank = VoiceBank(write_pitched_bank(tmp_path), "x", "en")
    ends = {args: bank.ending(*args) for args in [("see", "", 57), (A, "", 57), ("ka", "so", 57), (A, SHI, 57)]}
    assert [unit and unit.name for unit in ends.values()] == [f"i R{UP}", None, f"a s{UP}", None]
    assert all(unit.is_ending for unit in ends.values() if unit)


def test_numbers_that_are_missing_or_below_nought_are_read_as_editors_mean_them(tmp_path: Path) -> None:
    bank = VoiceBank(write_pitched_bank(tmp_path), "x")
    missing, early, unseen = (bank.sounding(one, "", 57).body for one in (SHI, f"{A}", "\u3044"))
    assert (missing.preutterance_s, missing.fixed_s, missing.overlap_s) == (0.1, 0.1, 0.0)
    assert missing.seconds == pytest.approx(0.8)
    assert (early.name, early.seconds) == (f"- {A}{UP}", pytest.approx(0.3))
    assert unseen.seconds == pytest.approx(0.3, abs=0.03)
    assert 0 < unseen.fixed_s < 0.3


def test_a_bank_ends_a_diphthong_on_its_second_vowel_where_it_has_no_sample_of_it(bank: VoiceBank) -> None:
    assert bank.sounding("sai", "", 60).glide is bank.sounding("i", "", 60).body
    assert bank.sounding("sa", "", 60).glide is None
    assert bank.sounding("mo", "", 60, "a").body.name == A
    assert bank.sounding("so", "", 60, "a").body.name == SA


def test_parts_lie_where_oto_says(bank: VoiceBank) -> None:
    unit = bank.sounding(SA, "", 60).body
    assert (unit.fixed_s, unit.preutterance_s, unit.overlap_s) == (0.15, 0.1, 0.03)
    assert unit.seconds == pytest.approx(0.5)
    assert bank.sounding(A, SA, 60).body.seconds == pytest.approx(0.3)
    bank.sounding("odd", "", 60)  # numbers that are none


def test_names_of_which_marks_are_parted_from_letters_are_found(tmp_path: Path) -> None:
    for name in ("\u304c", "\u304e"):  # described, and not
        parted = unicodedata.normalize("NFD", name)
        soundfile.write(tmp_path / f"{parted}.wav", vowel("a", 220, 0.3, 16000), 16000)
    parted = unicodedata.normalize("NFD", "\u304c")
    (tmp_path / "oto.ini").write_text(f"\u304c.wav={parted},50,60,20,20,10\n", encoding="utf-8")
    bank = VoiceBank(tmp_path, "voice")
    assert [bank.alias(one, "", 60) for one in "\u304c\u304e"] == ["\u304c", "\u304e"]
    assert bank.sounding("\u304c", "", 60).body.fixed_s == 0.06
    assert not bank.missed


def test_a_sample_without_oto_is_used_whole(bank: VoiceBank) -> None:
    unit = bank.sounding("i", "", 60).body
    assert unit.seconds == pytest.approx(0.4, abs=0.03)
    assert unit.preutterance_s < 0.06


def test_what_no_sample_sounds_like_is_remembered(bank: VoiceBank) -> None:
    bank.missed.clear()
    bank.alias("mi", "", 60)
    assert bank.missed == {"mi"}


def test_a_change_of_a_file_changes_the_hash(tmp_path: Path) -> None:
    write_bank(tmp_path)
    before = VoiceBank(tmp_path, "x").content_hash
    (tmp_path / "oto.ini").write_text("i.wav=i,0,0,0,0,0\n")
    assert VoiceBank(tmp_path, "x").content_hash != before


def test_folders_without_samples_and_broken_samples_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ProductionError, match="no WAV files"):
        VoiceBank(tmp_path, "song 1, voice 1")
    (tmp_path / "a.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(ProductionError, match="can't be read"):
        VoiceBank(tmp_path, "x").sounding("a", "", 60)


@given(st.text(max_size=200))
def test_any_text_is_read_as_oto(text: str) -> None:
    for entry in read_oto(text, "x"):
        assert is_inside(entry.file)
        begin, end = entry.span_s(1.0)
        assert 0 <= begin < end <= 1
    read_prefixes(text)


def test_a_cutoff_counts_from_the_end_or_from_the_offset() -> None:
    assert OtoEntry("x", "x", 100, cutoff_ms=200).span_s(1.0) == pytest.approx((0.1, 0.8))
    assert OtoEntry("x", "x", 100, cutoff_ms=-200).span_s(1.0) == pytest.approx((0.1, 0.3))
    assert not any(is_inside(name) for name in ("../x.wav", "a\\..\\x.wav", "/x.wav", "C:\\x.wav", ""))
