"""The store keeps its promises: whole or not at all, checked by hashes, and able to say why something is stale."""

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.errors import DiskFullError, OutputError
from pipeline.store.differences import explain_difference
from pipeline.store.files import translated_disk_error
from pipeline.store.store import Piece, Store, canonical_json, write_record


class Note(BaseModel, frozen=True):
    text: str


def piece(name: str = "section-1", **ingredients: object) -> Piece:
    return Piece("prepare", name, 1, {"temperature": 1.0, **ingredients})  # type: ignore[dict-item]


def publish(store: Store, what: Piece, text: str = "hello") -> None:
    with store.publish(what) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "data.bin").write_bytes(text.encode() * 1000)
        write_record(folder, Note(text=text))


def test_a_published_result_is_found_with_its_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.state(piece()).state == "missing"
    publish(store, piece())
    result = Store(tmp_path).result(piece(), Note)
    assert result is not None
    assert result.record.text == "hello"
    assert result.path("sub/data.bin").stat().st_size == 5000
    assert store.state(piece()).state == "fresh"


def test_an_error_while_building_publishes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.publish(piece()) as folder:  # noqa: PT012 - the body is the case
        (folder / "half").write_text("x")
        raise RuntimeError
    assert store.find(piece()) is None
    assert list((tmp_path / "in-flight").iterdir()) == []


def test_a_changed_setting_is_stale_and_says_why(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, piece())
    changed = Piece("prepare", "section-1", 1, {"temperature": 0.8})
    assert store.state(changed).state == "stale"
    assert "temperature: 1.0 -> 0.8" in store.state(changed).why


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete"])
def test_a_damaged_file_is_noticed_and_the_piece_is_made_again(tmp_path: Path, harm: str) -> None:
    warnings: list[str] = []
    publish(Store(tmp_path), piece())
    path = Store(tmp_path).folder(piece()) / "sub" / "data.bin"
    if harm == "flip":
        data = bytearray(path.read_bytes())
        data[77] ^= 1
        path.write_bytes(bytes(data))
    elif harm == "truncate":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    store = Store(tmp_path, warn=warnings.append)
    assert store.find(piece()) is None
    assert len(warnings) == 1
    publish(store, piece())
    assert store.find(piece()) is not None


def test_a_hash_that_was_altered_is_noticed_though_the_files_were_found_whole_before(tmp_path: Path) -> None:
    warnings: list[str] = []
    store = Store(tmp_path, warn=warnings.append)
    publish(store, piece())
    assert store.find(piece()) is not None
    manifest = store.folder(piece()) / "manifest.json"
    own = hashlib.sha256(b"hello" * 1000).hexdigest()
    manifest.write_text(manifest.read_text().replace(own, own[::-1]))
    assert store.find(piece()) is None
    assert "sub/data.bin was altered" in warnings[0]


def test_a_glance_reads_no_contents_and_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, piece())
    found = store.result(piece(), Note)
    glanced = Store(tmp_path).glance(piece(), Note)
    assert glanced is not None
    assert glanced == found
    assert store.glance(piece(seed=4), Note) is None
    glanced.path("sub/data.bin").write_bytes(b"other" * 1000)
    assert Store(tmp_path).glance(piece(), Note) == found
    glanced.path("sub/data.bin").write_bytes(b"longer" * 1000)
    before = sorted(tmp_path.rglob("*"))
    assert Store(tmp_path).glance(piece(), Note) is None
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_without_a_manifest_does_not_count(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.folder(piece()).mkdir(parents=True)
    assert store.find(piece()) is None
    publish(store, piece())
    assert store.find(piece()) is not None


def test_partial_work_is_kept_and_published_in_one_move(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.partial(piece()) / "weights").write_text("abc")
    assert (Store(tmp_path).partial(piece()) / "weights").read_text() == "abc"
    folder = store.publish_partial(piece())
    assert (folder / "weights").read_text() == "abc"
    assert store.find(piece()) == folder


def test_the_name_of_a_piece_does_not_change_its_key() -> None:
    assert piece("a").key == piece("b").key
    assert piece().key != piece(extra=1).key


@given(st.recursive(st.integers() | st.text() | st.booleans(), lambda inner: st.dictionaries(st.text(), inner)))
def test_the_key_does_not_depend_on_the_order_of_ingredients(value: object) -> None:
    flipped = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert canonical_json(value) == canonical_json(flipped)  # type: ignore[arg-type]


def test_differences_of_hashes_are_named_but_not_shown() -> None:
    assert explain_difference({"corpus": "a" * 64}, {"corpus": "b" * 64}) == "corpus changed"


def test_a_kill_while_publishing_leaves_a_whole_result_or_none(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\nfrom pipeline.store.store import Piece, Store\nimport sys\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    with store.publish(Piece('prepare', 'p', 1, {'n': n})) as folder:\n"
        "        for i in range(5): (folder / str(i)).write_bytes(b'x' * 10**5)\n"
    )
    for delay in (0.0, 0.05, 0.11):
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
        while not list(tmp_path.glob("prepare/*/manifest.json")):
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        store = Store(tmp_path)
        for n in range(len(list(tmp_path.glob("prepare/*")))):
            which = Piece("prepare", "p", 1, {"n": n})
            folder = store.find(which)
            assert (folder is not None) == store.folder(which).exists()
    Store(tmp_path).sweep()
    assert not (tmp_path / "in-flight").exists()


def test_a_full_disk_and_a_forbidden_folder_are_told_apart(tmp_path: Path) -> None:
    assert isinstance(translated_disk_error(OSError(28, "No space left"), tmp_path), DiskFullError)
    assert isinstance(translated_disk_error(OSError(13, "Permission denied"), tmp_path / "x" / "y"), OutputError)


def test_what_is_published_a_second_time_meanwhile_leaves_the_first_in_its_place_unless_that_is_damaged(
    tmp_path: Path,
) -> None:
    """A worker that was thought to be lost may end after another: the film is read by then."""
    store = Store(tmp_path)
    file = store.folder(piece()) / "data.bin"
    with store.publish(piece()) as lost:
        (lost / "data.bin").write_bytes(b"hello")
        with store.publish(piece()) as folder:
            (folder / "data.bin").write_bytes(b"hello")
        before = file.stat().st_ino
    assert file.stat().st_ino == before
    assert not [*(tmp_path / "in-flight").glob("*")]
    with store.publish(piece()) as lost:
        (lost / "data.bin").write_bytes(b"hello")
        file.write_bytes(b"jello")
    assert file.stat().st_ino != before
    before = file.stat().st_ino
    with store.publish(piece()) as again:  # as one that is made again by force
        (again / "data.bin").write_bytes(b"hello")
    assert file.stat().st_ino != before
    assert store.find(piece()) is not None


def test_several_may_publish_the_same_piece_at_the_same_moment(tmp_path: Path) -> None:
    """As workers on several machines do, of which one was thought to be lost."""
    store, errors = Store(tmp_path), list[Exception]()

    def publish_often() -> None:
        try:
            for _ in range(10):
                publish(store, piece())
        except Exception as error:  # noqa: BLE001 - of a thread
            errors.append(error)

    threads = [threading.Thread(target=publish_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert store.find(piece()) is not None


def test_a_store_travels_to_helper_processes(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(Store(tmp_path))).root == tmp_path  # noqa: S301 - made here
