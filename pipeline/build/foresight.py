"""What recordings turn out too short for: found once they are prepared, before anything is trained.

This module compares settings with corpora. It makes nothing, and imports no torch.
"""

from __future__ import annotations

from pipeline.production.schema import Production
from pipeline.stages.shared.lengths import check_trainings_of
from pipeline.stages.shared.results import Results


def check_prepared(production: Production, results: Results) -> None:
    """Check what a production asks of its recordings and trainings, now that it is known how long they are.

    Raises
    ------
    ProductionError
        With the section and what there is.
    """
    for number, (section, prepared) in enumerate(zip(production.sections, results.corpora, strict=True), start=1):
        where, corpus = f"section {number} ({section.title})", prepared.record
        if section.run is not None and not corpus.duration_s:
            continue  # nothing is heard before its takes
        section.storyboard.check_excerpt(corpus.duration_s, f"{where}, storyboard")
        section.sampling.check_priming(corpus.duration_s, f"{where}, sampling.prime_s")
    check_trainings_of(production, results)
