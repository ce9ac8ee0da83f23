"""Machine code is kept where it can be, and does without where it can't."""

from pathlib import Path

import pytest

from pipeline.learning.kernels import cache as kernel_cache


def find(candidates: list[Path], monkeypatch: pytest.MonkeyPatch) -> Path | None:
    monkeypatch.setattr(kernel_cache, "_candidates", lambda: candidates)
    return kernel_cache.cache_folder.__wrapped__()


def test_the_first_folder_that_can_be_written_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    folder = find([tmp_path / "a file" / "below", tmp_path / "good", tmp_path / "better"], monkeypatch)
    assert folder is not None
    assert folder.parent == tmp_path / "good"


def test_other_sources_have_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = find([tmp_path], monkeypatch)
    monkeypatch.setattr(kernel_cache, "_SOURCES", kernel_cache._SOURCES[1:])
    assert find([tmp_path], monkeypatch) != before


def test_without_any_folder_functions_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find([], monkeypatch) is None
    monkeypatch.setattr(kernel_cache, "cache_folder", lambda: None)

    def double(number: float) -> float:
        return 2.0 * number

    assert kernel_cache.compiled(double)(1.5) == 3.0
