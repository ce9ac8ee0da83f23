"""Making room never takes what is still needed, unless asked to."""

import os
import time
from pathlib import Path

from pydantic import BaseModel

from pipeline.store.cleaner import CleaningRules, choose_results, remove_results
from pipeline.store.store import Piece, Store, write_record


class Note(BaseModel, frozen=True):
    text: str = ""


def publish(store: Store, stage: str, temperature: float) -> Piece:
    piece = Piece(stage, "section-1", 1, {"temperature": temperature})
    with store.publish(piece) as folder:
        (folder / "data").write_bytes(b"x" * 1000)
        write_record(folder, Note())
    return piece


def test_only_replaced_results_go_by_default(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, new = publish(store, "sample", 1.0), publish(store, "sample", 0.8)
    chosen = choose_results(store, CleaningRules())
    assert [result.folder for result in chosen] == [store.folder(old)]
    assert remove_results(chosen) > 1000
    assert store.find(new) is not None
    assert store.find(old) is None


def test_resumable_work_and_checkpoints_stay_where_asked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, "train", 1.0)
    publish(store, "train", 2.0)
    (store.partial(Piece("train", "section-2", 1, {})) / "weights").write_text("w")
    assert len(choose_results(store, CleaningRules())) == 1
    assert choose_results(store, CleaningRules(everything=True, keep_checkpoints=True)) == []
    assert len(choose_results(store, CleaningRules(everything=True))) == 3


def test_age_is_that_of_the_newest_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old = publish(store, "sample", 1.0)
    publish(store, "sample", 0.8)
    assert choose_results(store, CleaningRules(older_than_days=1)) == []
    for path in store.folder(old).rglob("*"):
        os.utime(path, (time.time() - 2 * 86400, time.time() - 2 * 86400))
    assert len(choose_results(store, CleaningRules(older_than_days=1))) == 1
