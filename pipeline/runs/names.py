"""Which curves of a log are the losses, where nobody says, and what to say of names that are not there.

Owns what names mean. It reads no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from pipeline.errors import ProductionError
from pipeline.runs.record import Kind
from pipeline.tables.column_words import HIGH, LOW, is_loss

_VALIDATION: Final = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev", "test", "cv"})
_LESS_LIKE_VALIDATION: Final = frozenset({"test"})
_TRAINING: Final = frozenset({"train", "training", "tr", "step", "iter", "batch"})
_WHOLE: Final = frozenset({"total", "all", "sum", "full", "overall"})
_GENERATOR: Final = frozenset({"g", "gen", "generator"})
_LIKE_LOSSES: Final = frozenset({"nll", "ce", "xent", "bce", "elbo", "mse", "mae"})
"""Losses that are called by what they measure."""
_BESIDE: Final = frozenset({"weight", "scale", "scaler", "lr", "ema", "best", "min", "grad", "norm", "runtime"})
_SHOWN: Final = 12
_LONGEST_SHOWN: Final = 60


def words_of(name: str) -> list[str]:
    """The words of a name, small: `val/loss_g` has three."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.rpartition(" - ")[2])  # W&B writes the run's name before it
    return [word for word in re.split(r"[^a-z]+", parted.casefold()) if word]


def kind_of(name: str) -> Kind:
    """Whose loss a name stands for."""
    for part in (name.rpartition(":")[2], name):
        words = set(words_of(part))
        if _VALIDATION & words:
            return "validation"
        if words & {"train", "training"}:
            break
    return "training"


def may_be_loss(name: str) -> bool:
    """Whether a curve of this name may be drawn where nobody names another."""
    words = words_of(name)
    return (is_loss(name) or words in ([word] for word in _VALIDATION) or not _LIKE_LOSSES.isdisjoint(words)) and not (
        name.casefold().endswith((LOW, HIGH)) or _BESIDE & set(words_of(name))
    )


def best_loss(names: Sequence[str], kind: Kind) -> str:
    """The name that most likely is the loss of a kind; empty where none is."""
    fitting = [name for name in names if may_be_loss(name) and kind_of(name) == kind]
    return min(fitting, key=_rank, default="")


def losses_of(ends: Mapping[str, float]) -> tuple[str, str]:
    """Choose the training's and the validation's loss of one run; empty where there is none.

    Parameters
    ----------
    ends
        The last iteration of each curve, by name. Of several runs the one that goes furthest is taken.
    """
    names = sorted(ends, key=lambda name: -ends[name])
    training = best_loss(names, "training")
    if not training:
        return "", best_loss(names, "validation")
    run = run_of(training)
    own = [name for name in names if run_of(name) == run]
    beside = [name for name in names if _tells_whose(run) or _tells_whose(run_of(name))]
    return training, best_loss(own, "validation") or best_loss(beside, "validation")


def run_of(name: str) -> str:
    """The run that stands before a name: `version_0` of `version_0:loss`, `fresh` of W&B's `fresh - loss`."""
    return name.rpartition(":")[0] or name.rpartition(" - ")[0]


def _tells_whose(run: str) -> bool:
    return not (_VALIDATION | {"train", "training"}).isdisjoint(words_of(run))


def _rank(name: str) -> tuple[int, int, int, int]:
    """Plain losses first, then sums, then the generator's; values of a step before means of an epoch."""
    words = words_of(name)
    rest = [word for word in words if word not in _VALIDATION | _TRAINING | {"loss", "nats", "epoch", "per"}]
    other = not is_loss(name) and not _LIKE_LOSSES.isdisjoint(words)
    level = 3 if other else 0 if not rest else 1 if _WHOLE & set(rest) else 2
    aside = bool(_LESS_LIKE_VALIDATION & set(words)) + ("epoch" in words and "step" not in words)
    return level, aside, 0 if _GENERATOR & set(rest) else 1, len(words)


def find_name(wanted: str, names: Sequence[str], field: str) -> str:
    """Find a curve by its name.

    Raises
    ------
    ProductionError
        There is none, or several may be meant; names those that exist.
    """
    for match in (str, str.casefold, lambda name: name.casefold().rpartition(":")[2]):
        found = [name for name in names if match(name) == match(wanted)]
        if len(found) == 1 or (found and match is str):
            return found[0]
        if found:
            raise ProductionError(
                f"'{wanted}' may be one of several.", where=field, expected=f"one of {shown_names(found)}"
            )
    near = get_close_matches(wanted, names, 1)
    raise ProductionError(
        f"There is no column or tag '{wanted[:_LONGEST_SHOWN]}'.",
        where=field,
        expected=f"one of {shown_names(names)}" if names else "a log with columns or tags of numbers",
        hint=f"Did you mean '{near[0]}'?" if near else "",
    )


def shown_names(names: Sequence[str]) -> str:
    """Names for a message: not too many, not too long, and only what can be seen."""
    shown = [
        "".join(letter if letter.isprintable() else "?" for letter in name[:_LONGEST_SHOWN]) for name in names[:_SHOWN]
    ]
    return ", ".join(shown) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")
