"""What runs of other programs are to cost: reading their logs, and decoding the sounds that are heard.

Owns those counts. It opens no log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline.build.estimate import SOUNDS, Amount
from pipeline.errors import BuildVideoError
from pipeline.production.schema import Production
from pipeline.runs.reading import find_files
from pipeline.stages.shared.runs.losses import resolver, run_of

_LOG_BYTES_PER_S: Final = 2e7
_SOUNDS_PER_S: Final = 10.0
_SIDE_BY_SIDE_S: Final = 2.0
"""Until helper processes do what they are for; two sounds are decoded without."""
_ALONE: Final = 2


def logs_amount(production: Production, section: int) -> Amount:
    """What a section's logs are to read; nothing where they can't be found."""
    try:
        logs, _ = find_files(run_of(production, section), resolver(production, section))
    except BuildVideoError:
        logs = []
    return Amount("train", "logs", float(sum(map(_size, logs))), _LOG_BYTES_PER_S)


def sounds_amount(production: Production, section: int, jobs: int, share: float) -> Amount:
    """What the sounds of a section that are heard are to decode: as many as its storyboard asks for, or there are."""
    story = production.sections[section].storyboard
    wanted = len(story.take) or story.takes
    try:
        _, sounds = find_files(run_of(production, section), resolver(production, section))
        wanted = min(wanted, len(sounds)) if sounds else wanted
    except BuildVideoError:
        wanted = 0
    fixed_s = _SIDE_BY_SIDE_S if jobs > 1 and wanted > _ALONE else 0.0
    return Amount("sample", SOUNDS, wanted * share / jobs, _SOUNDS_PER_S, fixed_s)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
