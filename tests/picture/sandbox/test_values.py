"""Facts that travel to another process are the same facts there."""

from __future__ import annotations

import pickle

from pipeline.picture.sandbox.values import UNKNOWN, CountedFacts, NamedFacts, NumberedFacts


def test_facts_travel_between_processes_with_all_that_they_stand_for() -> None:
    section = NamedFacts("One", {"number": 1, "loss": UNKNOWN}, {"old": UNKNOWN})
    facts = {"sections": CountedFacts([section]), "take": NumberedFacts(3, {"seconds": 2.5})}
    there = pickle.loads(pickle.dumps(facts))  # noqa: S301 - our own
    assert there["sections"] == 1
    assert there["sections"][0] == "One"
    assert there["sections"][0]["loss"] is UNKNOWN
    assert there["sections"][0].former["old"] is UNKNOWN
    assert there["take"] == 3
    assert there["take"].facts == {"seconds": 2.5}
