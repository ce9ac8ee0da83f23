"""Files of pieces where workers see another folder: what is read goes there once, what is made comes back checked."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecordingError, TrainingError, WorkerError
from pipeline.runtime.cluster.depot import Depot
from pipeline.runtime.cluster.executor import DaskExecutor
from pipeline.runtime.cluster.parcels import FileFact, Parcel, Places, checked_listing, listing, read_item, write_item
from pipeline.runtime.cluster.plain import HelperDiedError, from_text, read_answer, to_text
from pipeline.runtime.executor import Work
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.relay import Word
from pipeline.store.store import Piece, Store
from tests.runtime.cluster.work import copy_there, go_on, refuse_there

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_values_arrive_as_they_were_sent(value: object) -> None:
    assert from_text(to_text(value)) == value


def test_words_and_errors_arrive_whole() -> None:
    word = Word(1, "begin", work=WorkStart("train", "section-1", 10.0, "iterations", stops=(1.0, 5.0)), at_s=2.5)
    assert from_text(to_text((0, word))) == (0, word)
    error = from_text(to_text(RecordingError("It is silent.", where="take 1", expected="sound", hint="Record.")))
    assert type(error) is RecordingError
    assert (error.what, error.where, error.expected, error.hint) == ("It is silent.", "take 1", "sound", "Record.")


def test_words_and_errors_tell_a_terminal_nothing() -> None:
    obeyed = "\x1b]0;title\x07\x9b2J"
    assert from_text(to_text(Word(0, "note", obeyed))).text == "?]0;title??2J"
    error = from_text(to_text(RecordingError(obeyed, where="a\nb")))
    assert (error.what, error.where) == ("?]0;title??2J", "a\nb")
    assert read_answer(to_text(("done", [obeyed], "tcp://a:1", "", [])))[0] == ["?]0;title??2J"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1]", '{"tuple": 1}', '{"object": "Path", "fields": {}}', '{"error": "SystemExit"}', "{}"),
        *('{"error": "TrainingError", "what": 1, "where": "", "expected": "", "hint": "", "notes": []}',),
        *('{"object": "Word", "fields": {"sender": "x", "kind": "begin"}}', '{"dict": [[1]]}', '{"dict": [[[], 1]]}'),
        *('{"list": [' * 40 + "]}" * 40, b"text", pickle.dumps(1)),
    ],
)
def test_what_is_no_answer_of_this_program_is_refused(text: object) -> None:
    with pytest.raises(WorkerError, match="can't be used"):
        from_text(text)


@pytest.mark.parametrize(
    "answer",
    [
        *(None, (), "done", ("done", 1), ("done", 1, 2, "", []), ("failed", "words"), ("failed",)),
        *(("lacking", "words", "tcp://a:1"), ("lacking", RecordingError("x"), 1), ("broken", 1, ""), ("other", 1)),
    ],
)
def test_an_answer_of_another_shape_is_refused(answer: object) -> None:
    with pytest.raises(WorkerError, match="can't be used"):
        read_answer(to_text(answer))


@pytest.mark.parametrize(
    "listed",
    [
        *(("../x", 1, "0" * 64), ("/etc/passwd", 1, "0" * 64), ("a/../../x", 1, "0" * 64), ("a\\b", 1, "0" * 64)),
        *(("a//b", 1, "0" * 64), ("", 1, "0" * 64), ("C:", 1, "0" * 64), ("a", -1, "0" * 64), ("a", 1, "0" * 63)),
        *(
            ("a", 1 << 60, "0" * 64),
            ("a", True, "0" * 64),
            ("a", 1),
            ("x\n", 1, "0" * 64),
            ("a/b/c/d/e/f", 1, "0" * 64),
        ),
    ],
)
def test_names_sizes_and_hashes_of_a_worker_are_checked(listed: object) -> None:
    with pytest.raises(WorkerError, match="can't be taken"):
        checked_listing([listed])


def test_a_listing_is_taken_where_all_is_plain() -> None:
    facts = [("take.npy", 3, "0" * 64), ("traces/a-1.npy", 0, "f" * 64)]
    assert checked_listing(facts) == [FileFact(*fact) for fact in facts]
    with pytest.raises(WorkerError):
        checked_listing([("A", 1, "0" * 64), ("a", 1, "0" * 64)])  # one file where names have no case


def test_an_item_has_the_paths_of_whoever_reads_it(tmp_path: Path) -> None:
    parcel = Parcel((), "/films/work", "/films/work/train/k.partial", "", "k")
    places = Places(parcel, tmp_path / "mirror", tmp_path / "made", tmp_path / "own")
    item = {
        "root": Path("/films/work"),
        "own": Path("/films/work/train/k.partial/loss.csv"),
        "read": Path("/films/work/prepare/c"),
        "relative": Path("a/b"),
    }
    data, paths = write_item(item)
    assert paths == ["/films/work", "/films/work/train/k.partial/loss.csv", "/films/work/prepare/c"]
    assert read_item(data, None) == item
    assert read_item(data, places) == {
        "root": tmp_path / "made",
        "own": tmp_path / "own" / "loss.csv",
        "read": tmp_path / "mirror" / "films" / "work" / "prepare" / "c",
        "relative": Path("a/b"),
    }
    assert places.as_there(f"{tmp_path}/mirror/home/a.wav") == "/home/a.wav"


def test_what_was_changed_on_its_way_is_not_kept(tmp_path: Path) -> None:
    depot, content = Depot(tmp_path), sha256(b"abcd").hexdigest()
    depot.store_chunk("a", content, 0, b"ab", 4)
    assert depot.missing([content]) == [content]
    with pytest.raises(OSError, match="changed"):
        depot.store_chunk("a", content, 2, b"cx", 4)
    assert depot.missing([content]) == [content]
    depot.store_chunk("a", content, 0, b"ab", 4)
    depot.store_chunk("a", content, 2, b"cd", 4)
    assert depot.missing([content]) == []


def test_a_published_piece_comes_back_and_what_it_reads_goes_there_once(
    away: DaskExecutor, shared_folder: Path, tmp_path: Path
) -> None:
    source, store = tmp_path / "recording.wav", Store(shared_folder)
    source.write_bytes(os.urandom(1000))
    pieces = [Piece("cards", f"card-{number}", 1, {"number": number, "of": str(tmp_path)}) for number in range(4)]
    works = [
        Work((source, store.root, piece.key), piece.key, place=partial(store.publish, piece), label=piece.name)
        for piece in pieces
    ]
    before = away.exchange.sent_bytes
    read_at = away.run(copy_there, works, jobs=1)
    assert all(Path(path).parts[-len(source.parts) + 1 :] == source.parts[1:] for path in read_at)
    assert str(source) not in read_at
    assert all((store.folder(piece) / "copy.txt").read_bytes() == source.read_bytes() for piece in pieces)
    assert all(store.find(piece) for piece in pieces), "its manifest was written here"
    assert 1 <= (away.exchange.sent_bytes - before) / 1000 <= 2, "once to each of two workers"


def test_a_piece_goes_on_from_what_was_fetched_of_it(away: DaskExecutor, tmp_path: Path) -> None:
    folder = tmp_path / "piece.partial"
    folder.mkdir()
    (folder / "planned").write_text("before")
    losses: list[str] = []
    work = Work(folder, "goes-on", "section-1", folder=folder, state_file="state")
    assert away.run(go_on, [work], jobs=1, on_loss=losses.append) == ["saved 1\n"]
    assert [fact.name for fact in listing(folder, "state")] == ["planned", "record", "inner/log.csv"]
    assert len(losses) == 1


def test_errors_name_the_files_of_this_machine(away: DaskExecutor, tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    path.write_text("")
    with pytest.raises(TrainingError) as caught:
        away.run(refuse_there, [Work(path)], jobs=1)
    assert caught.value.where == f"{path}, iteration 7"


def test_files_that_are_not_what_they_were_said_to_be_are_not_taken(away: DaskExecutor, tmp_path: Path) -> None:
    """A worker that says one thing and hands out another: nothing of it is written here."""
    (worker,) = list(away.client.scheduler_info(n_workers=-1)["workers"])[:1]
    there = away.client.run(_make_there, str(tmp_path / "parcel"), workers=[worker])[worker]
    honest = FileFact("a.txt", 3, sha256(b"abc").hexdigest())
    for fact in (replace(honest, sha256="0" * 64), replace(honest, size=2), replace(honest, name="b.txt")):
        with pytest.raises(HelperDiedError):
            away.exchange.fetch(worker, there, [honest, fact] if fact.name != "a.txt" else [fact], tmp_path)
        assert not [*tmp_path.glob("*.txt")]
        assert not [*tmp_path.glob(".*")]
    away.exchange.fetch(worker, there, [honest], tmp_path)
    assert (tmp_path / "a.txt").read_bytes() == b"abc"


def _make_there(folder: str, dask_worker: Any = None) -> str:
    from pipeline.runtime.cluster import depot  # noqa: PLC0415 - travels by name

    own = depot.depot_of(dask_worker)
    parcel = Parcel((), "/none", folder, "", "k")
    places = Places(parcel, Path("/none"), Path("/none"), own._root / "pieces" / "n" / "own")
    places.own.mkdir(parents=True, exist_ok=True)
    (places.own / "a.txt").write_bytes(b"abc")
    own._arrivals["n"] = depot._Arrival(parcel, places, is_done=True)
    return "n"
