from pipeline.runtime.resources import reading_text


def test_the_text_to_read_is_long_enough_and_there_for_every_language() -> None:
    assert len(reading_text("en-gb").split()) > 250
    assert reading_text("xx") == reading_text()
    assert set("abcdefghijklmnopqrstuvwxyz") <= set(reading_text().lower())
