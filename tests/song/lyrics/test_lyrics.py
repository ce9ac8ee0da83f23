from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ProductionError
from pipeline.runtime.resources import assets_folder
from pipeline.song.lyrics.kana import romaji
from pipeline.song.lyrics.phrases import following, from_file, with_lyrics
from pipeline.song.lyrics.sounds import sound_of
from pipeline.song.lyrics.text import lyric_line, read_lines
from pipeline.song.lyrics.vowels import VOWELS
from pipeline.song.lyrics.words import said_vowels
from pipeline.song.notes.tune import Note


def notes(count: int, gap_after: int = -1) -> list[Note]:
    return [Note(n + (n > gap_after >= 0), n + 1.0 + (n > gap_after >= 0), 60.0 + n) for n in range(count)]


@pytest.mark.parametrize(
    ("written", "shown", "syllables"),
    [
        ("hap-py day", "happy day", ["hap", "py", "day"]),
        ("well--known", "well-known", ["well-", "known"]),
        ("l'a~mour, oui!", "l'a mour, oui!", ["l'a mour,", "oui!"]),
        ("\u304d\u3087\u3046\u306f", "\u304d\u3087\u3046\u306f", ["\u304d\u3087", "\u3046", "\u306f"]),
        ("\u304b~\u3063\u305f", "\u304b\u3063\u305f", ["\u304b\u3063", "\u305f"]),
        ("\u4f60\u597d\uff0c hello", "\u4f60\u597d\uff0c hello", ["\u4f60", "\u597d\uff0c", "hello"]),
        ("oh - no", "oh no", ["oh", "no"]),
    ],
)
def test_marks_part_syllables_and_are_not_shown(written: str, shown: str, syllables: list[str]) -> None:
    line = lyric_line(written)
    assert line.text == shown
    assert [one.text for one in line.syllables] == syllables


@given(st.text(max_size=60))
def test_syllables_stand_in_their_line_in_order(text: str) -> None:
    line = lyric_line(text)
    at = 0
    for one in line.syllables:
        assert line.text[one.first : one.last] == one.text
        assert at <= one.first < one.last
        at = one.last


def test_an_underscore_holds_a_syllable() -> None:
    line = lyric_line("glo-_ _ ria")
    assert [(s.text, s.notes) for s in line.syllables] == [("glo", 3), ("ria", 1)]
    (phrase,) = with_lyrics(notes(4), {1: "glo-_ _ ria"}, [], "x")
    assert [sung.syllable and sung.syllable.text for sung in phrase.notes] == ["glo", None, None, "ria"]


@pytest.mark.parametrize(
    ("count", "words", "line", "hint"),
    [
        (2, "4 syllables.*2 notes", 3, '("one two three") has 3 syllables, and 2 notes remain'),
        (3, "4 syllables.*3 notes", 6, '("four") has 1 syllable, and 0 notes remain'),
        (5, "4 syllables.*5 notes", 6, "1 note is left, from 4.0 s on"),
    ],
)
def test_lyrics_that_do_not_fit_the_notes_are_an_error_that_counts_both_and_names_the_line(
    count: int, words: str, line: int, hint: str
) -> None:
    with pytest.raises(ProductionError, match=words) as caught:
        with_lyrics(notes(count), {3: "one two three", 6: "four"}, [], "words.txt")
    assert caught.value.where == f"words.txt, line {line}"
    assert hint in caught.value.hint


def test_syllables_of_the_file_make_phrases_at_rests() -> None:
    written = ["hap-", "py", "", "\u3042", "\u3044"]
    given_notes = [Note(n.start_s, n.end_s, n.key, syllable=word) for n, word in zip(notes(5, 2), written, strict=True)]
    first, second = from_file(given_notes)
    assert (first.text, second.text) == ("happy", "\u3042\u3044")
    assert [s.syllable is None for s in first.notes] == [False, False, True]


def test_a_second_voice_has_the_syllables_of_the_first() -> None:
    lead = with_lyrics(notes(4), {1: "one two", 2: "three four"}, ["eins", "zwei"], "x")
    low = [Note(0, 0.5, 48), Note(0.5, 1.0, 50), Note(2.97, 4, 52)]
    first, second = following(low, lead)
    assert [s.syllable and s.syllable.text for s in first.notes] == ["one", None]
    assert [s.syllable and s.syllable.text for s in second.notes] == ["four"]
    assert (second.line, second.translation) == (1, "zwei")


def test_files_of_lyrics_have_headings_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "lyrics.txt"
    path.write_bytes("[Verse]\n# by me\n\n\u3042\u3044\n".encode("cp932"))
    assert read_lines(path, "x") == {4: "\u3042\u3044"}
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ProductionError, match="0 lines"):
        read_lines(path, "x")


def test_how_syllables_sound() -> None:
    assert romaji("\u30b7\u30e3\u3064\u3093") == "shatsun"
    sounds = [sound_of(one, "en").vowel for one in ("now", "sings,", "\u304f", "you", "\u00e9t\u00e9", "hm")]
    assert sounds == list("aiuuea")
    assert [sound_of(one).burst for one in ("sing", "shoe", "\u304b", "now", "and")] == [
        "hiss",
        "hush",
        "stop",
        "murmur",
        "",
    ]


@pytest.mark.parametrize(
    ("language", "words", "vowels"),
    [
        ("en", "now say my boy go light day time home", "au ei ai oi ou ai ei ai ou"),
        ("en", "see moon love the to sing", "i u a a u i"),
        ("en", "care more fair roar eyes fire beau", "e o e o ai ai u"),
        ("de", "wein heu haus h\u00e4u sch\u00f6n", "ai oi au oi e"),
        ("es", "seis hoy tiempo voy aire", "ei oi e oi ai"),
        ("fr", "eau roi mais", "o a e"),
    ],
)
def test_diphthongs_have_two_vowels(language: str, words: str, vowels: str) -> None:
    sounds = [sound_of(word, language) for word in words.split()]
    assert [one.vowel + one.glides_to for one in sounds] == vowels.split()


@pytest.mark.parametrize(
    ("language", "words", "vowels"),
    [
        ("en", "time name home tune these light night my by sky hap py ly", "aeouiaaaaaaii"),
        (
            "en-GB",
            "the to you love some bird girl world hear heart head sea see moon out now low know",
            "auuaaaaaiaeiiuaaoo",
        ),
        ("en", "song wire noise tone lay er learned it sing day say they tion tle", "oaooeaaiieeeau"),
        ("de", "wein die heu haus sch\u00f6n f\u00fcr m\u00e4d h\u00e4u ton wort", "aioaeieooo"),
        ("fr", "eau roi vous mais feu vent vin lune bien le", "oaueeaeiee"),
        ("", "tiempo guerra piano casa \u0434\u043e\u043c \u044f", "eeaaoa"),
        ("ja", "\u304d\u3087 \u3064 sha", "oua"),
    ],
)
def test_vowels_follow_the_spelling_of_their_language(language: str, words: str, vowels: str) -> None:
    found = {word: sound_of(word, language).vowel for word in words.split()}
    assert found == dict(zip(words.split(), vowels, strict=True))


@pytest.mark.parametrize(
    ("language", "line", "vowels"),
    [
        (
            "en",
            "mo-ney lov-er mon-keys mo-ther a-no-ther no-thing co-lor hon-ey won-der",
            "a-i a-a a-i a-a a-a-a a-i a-a a-i a-a",
        ),
        ("en", "mo-ment fo-cus love", "ou-a .-. ."),
        ("en", "stor-my na-tion ge-ne-ra-tion re-main ba-by by", ".-i ei-a .-.-ei-a i-. ei-i ."),
        ("de", "Fa-mi-lie Ba-by Lie-be", "a-i-e ei-i .-."),
        ("fr", "mon-sieur a-mour", "e-e .-."),
        ("es", "mo-ney", ".-."),
    ],
)
def test_words_say_what_their_syllables_are_sung_on(language: str, line: str, vowels: str) -> None:
    found = said_vowels(lyric_line(line).syllables, language)
    expected = [one.strip(".") for word in vowels.split() for one in word.split("-")]
    assert found == expected


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_words_that_break_the_rules_stand_once_in_their_file(language: str) -> None:
    table = tomllib.loads((assets_folder() / "spelling" / f"{language}.toml").read_text(encoding="utf-8"))
    words = [word for text in table["words"].values() for word in text.split()]
    assert len(words) == len(set(words))
    said = [*table["words"], *table.get("patterns", {}).values()]
    assert all(re.fullmatch("[aiueo]{1,2}", vowels) for one in said for vowels in one.split("-"))


def test_a_u_after_q_and_g_is_no_vowel() -> None:
    sounds = {word: sound_of(word, "en").vowel for word in ["queen", "quick", "guess", "guide", "gun"]}
    assert sounds == dict(zip(sounds, "iieaa", strict=True))
    assert [sound_of(word, "es").vowel for word in ["que", "guerra", "guitarra", "gusta"]] == list("eeiu")


@given(st.text(max_size=12), st.sampled_from(["", "en", "de", "fr", "ja"]))
def test_every_syllable_has_one_of_five_vowels(syllable: str, language: str) -> None:
    assert sound_of(syllable, language).vowel in VOWELS
