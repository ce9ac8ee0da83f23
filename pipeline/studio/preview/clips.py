"""Clips that are ready to be drawn: the last ones that were looked at, within bounds of memory.

A clip is known by what is seen of it. So those that a change of the film leaves as they are stay ready, wherever they
stand in the film afterwards.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.film.timeline.timeline import Clip
from pipeline.stages.shared.drawers import Drawer, new_drawer
from pipeline.stages.shared.render_inputs import RenderInputs

MOST_BYTES: Final = 3 << 28
_BYTES_A_PIXEL: Final = 20
"""About as much a clip holds for each pixel of a frame: measured at 1080p, 10 to 45 MB a clip."""


@dataclass(frozen=True)
class _Ready:
    drawer: Drawer
    holds: ExitStack
    bytes: int


class ReadyClips:
    """Keeps the drawers of clips; those that were not asked for longest go first.

    Parameters
    ----------
    most_bytes
        How much all of them may hold, roughly; the one asked for last stays in any case.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._ready: dict[str, _Ready] = {}

    def __contains__(self, identity: str) -> bool:
        """Whether a clip is ready."""
        return identity in self._ready

    def has_room(self, inputs: RenderInputs) -> bool:
        """Whether one more clip can be made ready without letting another go."""
        return self._held() + _bytes_of(inputs) <= self._most_bytes

    def drawer(self, identity: str, inputs: RenderInputs, clip: Clip) -> Drawer:
        """The drawer of a clip, which is known by `identity` and drawn from `inputs`."""
        found = self._ready.pop(identity, None)
        if found is None:
            while self._ready and not self.has_room(inputs):
                self._ready.pop(next(iter(self._ready))).holds.close()
            found = _opened(inputs, clip)
        self._ready[identity] = found
        return found.drawer

    def close(self) -> None:
        """Let all of them go."""
        while self._ready:
            self._ready.popitem()[1].holds.close()

    def _held(self) -> int:
        return sum(one.bytes for one in self._ready.values())


def _opened(inputs: RenderInputs, clip: Clip) -> _Ready:
    with ExitStack() as stack:
        aside = Path(stack.enter_context(TemporaryDirectory(prefix="build-video-")))
        drawer = stack.enter_context(new_drawer(inputs, clip, aside))
        return _Ready(drawer, stack.pop_all(), _bytes_of(inputs))


def _bytes_of(inputs: RenderInputs) -> int:
    return inputs.timeline.width * inputs.timeline.height * _BYTES_A_PIXEL
