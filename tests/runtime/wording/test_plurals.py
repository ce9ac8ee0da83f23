from __future__ import annotations

import pytest

from pipeline.runtime.wording.plurals import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows")])
def test_one_is_no_plural(number: int, words: str) -> None:
    assert counted(number, "row") == words
