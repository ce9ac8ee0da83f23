"""Whether a training does well: divergence while it runs, and warnings with their numbers before and after.

This module is pure: numbers in, words out. It does not import torch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from math import isfinite, log
from typing import Final

from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import BYTE_VALUES
from pipeline.learning.training.planning import epochs_words
from pipeline.learning.training.run import CheckpointFacts
from pipeline.runtime.wording.units import BITS_PER_NAT

KNOWING_NOTHING_NATS: Final = log(BYTE_VALUES)
"""The loss of a uniform distribution over all bytes, in nats."""

_WINDOW: Final = 50
HOPELESS_NATS: Final = KNOWING_NOTHING_NATS + 1.0
"""A loss that only a diverged network reaches."""
_RISEN_NATS: Final = 1.5
_MUCH_SILENCE: Final = 0.5
_MANY_PARAMETERS_PER_BYTE: Final = 4.0
_LITTLE_SPEECH_S: Final = 20.0
_OVERFIT_NATS: Final = 0.02
_OVERFIT_SHARE: Final = 0.2
_OVERFIT_CHECKPOINTS: Final = 3


class LossWatch:
    """Detects divergence: looks at every training loss, in nats per byte.

    Parameters
    ----------
    recent
        The last losses, where a training goes on.
    lowest
        The lowest mean of a full window so far.
    """

    def __init__(self, recent: Iterable[float] = (), lowest: float | None = None) -> None:
        self.recent: deque[float] = deque(recent, maxlen=_WINDOW)
        self.lowest = lowest

    def look(self, loss_nats: float) -> str:
        """Take the next loss; return what is wrong with it, or nothing."""
        if not isfinite(loss_nats):
            return "the loss is no finite number"
        self.recent.append(loss_nats)
        if len(self.recent) < _WINDOW:
            return ""
        mean = sum(self.recent) / _WINDOW
        lowest = self.lowest if self.lowest is not None else mean
        self.lowest = min(lowest, mean)
        if mean > HOPELESS_NATS:
            return f"the last {_WINDOW} losses are {in_bits(mean)} on average, worse than knowing nothing (8 bits)"
        if mean > lowest + _RISEN_NATS:
            return f"the loss has risen from {in_bits(lowest)} to {in_bits(mean)}"
        return ""


def in_bits(loss_nats: float) -> str:
    """Show a loss to a person."""
    return f"{loss_nats * BITS_PER_NAT:.2f} bits/byte"


def data_warnings(corpus: Corpus, parameters: int) -> list[str]:
    """Warnings about the dataset, before training begins; empty where all is well."""
    warnings = []
    if corpus.silence_share > _MUCH_SILENCE:
        warnings.append(
            f"{corpus.silence_share:.0%} of the corpus is silence, and silence is what the network will learn: "
            "set trim_silence = true, or record with fewer pauses"
        )
    if corpus.duration_s < _LITTLE_SPEECH_S:
        warnings.append(
            f"there are only {corpus.duration_s:.0f} s of sound: a network needs a minute or more to learn a voice"
        )
    if parameters > _MANY_PARAMETERS_PER_BYTE * corpus.train_samples:
        warnings.append(
            f"the network has {parameters:,} parameters for {corpus.train_samples:,} bytes of speech, "
            f"{parameters / corpus.train_samples:.1f} for each: it will learn them by heart; "
            "use fewer neurons, some dropout, or more speech"
        )
    return warnings


def overfitting_warnings(checkpoints: Sequence[CheckpointFacts]) -> list[str]:
    """Warnings of over-fitting in a finished training; empty where there is none."""
    best = min(checkpoints, key=lambda checkpoint: checkpoint.validation_loss_nats)
    last = checkpoints[-1]
    since = [checkpoint for checkpoint in checkpoints if checkpoint.iteration > best.iteration]
    risen = last.validation_loss_nats - best.validation_loss_nats
    long = len(since) >= _OVERFIT_CHECKPOINTS and last.iteration - best.iteration >= _OVERFIT_SHARE * last.iteration
    if long and risen > _OVERFIT_NATS:
        text = (
            f"over-fitting: validation was best at iteration {best.iteration} "
            f"({in_bits(best.validation_loss_nats)}) and has risen to {in_bits(last.validation_loss_nats)} by "
            f"iteration {last.iteration}; train for about {epochs_words(best.epoch)}, add dropout, or record more"
        )
        return [text]
    return []
