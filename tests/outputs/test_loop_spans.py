"""Which frames of a film a loop shows."""

from pipeline.film.timeline.timeline import Timeline
from pipeline.outputs.exports import LoopWish, choose_span
from tests.film.timeline.test_interludes import card, film


def spans(timeline: Timeline, **wishes: object) -> tuple[int, int]:
    span = choose_span(timeline, LoopWish("gif", seconds=0.5, **wishes))  # type: ignore[arg-type]
    return span.section, span.iteration


def test_a_loop_finds_its_take_in_any_part_of_a_section() -> None:
    made = film(card("section 1 recording", 5), card("section 1 take 1", 5), card("section 2 take 2", 5))
    assert spans(made, section=1, take=0) == (0, 0)
    assert spans(made, section=1, take=9) == (0, 9)
    assert spans(made, take=4) == (1, 5)
