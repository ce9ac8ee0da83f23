"""How a network is trained: the settings that a person may set, and the two recipes that fill in the rest.

This module owns the numbers of both recipes and the arithmetic of schedules. It does not know networks or bytes, and it
does not import torch.

`torch-rnn` is the recipe of the 2016 videos (github.com/jcjohnson/torch-rnn, train.lua and LanguageModel.lua).
`modern` is what was measured to learn better in the same time; `tests/benchmarks/learning.py` measures it again.
"""

from __future__ import annotations

from math import ceil, cos, floor, pi
from typing import Final, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator

from pipeline.errors import ProductionError

DEFAULT_EPOCHS: Final = 20.0
DEFAULT_CHECKPOINTS: Final = 32
TORCH_RNN_CHECKPOINT_EVERY: Final = 1000
FEWEST_CHECKPOINTS: Final = 24
"""A faithful run too short for one checkpoint every 1000 iterations still gets about this many."""
FAITHFUL_RATE: Final = 2e-3
MODERN_RATE: Final = 4e-3
MODERN_MATRIX_RATE: Final = 0.03
MODERN_BATCH: Final = 32
TIERED_BATCH: Final = 64
MODERN_SEQUENCE: Final = 64
"""Streams go on from window to window, so short ones cost little and give many updates for the same bytes."""
FEWEST_DEFAULT_CHECKPOINTS: Final = 6
VALIDATION_SHARE: Final = 0.1
"""Checkpoints with their validation take at most this share of a training's time."""
FINAL_SHARE: Final = 0.05
DECAY_SHARE: Final = 0.4
DENSITY: Final = 100.0
"""The last gap between checkpoints is about this many times as long as the first."""
FIRST_VERSION: Final = frozenset({
    *("recipe", "epochs", "iterations", "minutes", "checkpoint_every", "checkpoints", "batch", "sequence"),
    *("learning_rate", "seed", "device", "precision", "bugs_of_2016", "rescues", "clock"),
})  # fmt: skip
"""Stored names of the training settings that have always determined a training, at their defaults too."""
STORED_NAMES: Final = {"max_rollbacks": "rescues"}
"""Training settings that were renamed, and the names under which records and keys have them."""


class TrainingSettings(BaseModel):
    """How one section's network is trained. What is left out is filled in by the recipe.

    Training ends at the first of `epochs`, `iterations` and `minutes` that is reached; 20 epochs where none is given.
    `minutes` is turned into a number of iterations by timing the first few on this machine; the number is kept, so that
    an interrupted training ends where it would have ended, but two fresh trainings may differ in length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Literal["modern", "torch-rnn"] = Field(
        default="modern", description="What fills in the rest: the recipe that learns best, or that of the 2016 videos."
    )
    epochs: float | None = Field(None, gt=0, le=1e6, examples=[20.0], description="Length in passes over the bytes.")
    iterations: int | None = Field(None, ge=1, le=10**8, examples=[20_000], description="Length in optimiser updates.")
    minutes: float | None = Field(None, gt=0, le=100_000, examples=[8.0], description="About how long to train.")
    checkpoint_every: int | None = Field(None, ge=1, le=10**8, examples=[1000], description="Iterations between two.")
    checkpoints: int | None = Field(
        None, ge=2, le=10_000, examples=[32], description="About how many, dense at first; by default 32 or fewer."
    )
    batch: int | None = Field(None, ge=1, le=4096, examples=[50], description="Streams read side by side.")
    sequence: int | None = Field(None, ge=2, le=16384, examples=[64], description="Bytes of each stream at once.")
    learning_rate: float | None = Field(None, gt=0, le=10, examples=[0.002], description="At its highest.")
    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="Of the initial weights and the order of the data.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where the network is trained.")
    devices: int = Field(
        default=1, ge=1, le=64, examples=[2], description="GPUs, or processes, that share each batch of the network."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Number format of the matrix products; auto takes the quicker one here."
    )
    bugs_of_2016: bool = Field(
        default=False,
        description="Three mistakes of torch-rnn: forget the optimiser's moments whenever the rate halves, halve it an "
        "epoch early, and forget the streams' state at every validation.",
    )
    max_rollbacks: int = Field(
        default=0,
        ge=0,
        le=10,
        validation_alias=AliasChoices("max_rollbacks", "rescues"),  # the older name, in files and in stored results
        description="How often a diverging run may go back to its last checkpoint and halve its learning rate.",
    )
    schedule: Literal["cosine", "trapezoid"] | None = Field(
        default=None,
        description="Learning rate schedule of the recipe modern: trapezoid (the default) can be made longer later, "
        "cosine can't.",
        examples=["cosine"],
    )
    clock: Literal["wall", "none"] = Field(
        default="wall", description="none: no times are kept, so that the same production gives the same bytes."
    )

    def stored(self) -> dict[str, JsonValue]:
        """All settings, by the names that records have them under."""
        return {STORED_NAMES.get(name, name): value for name, value in self.model_dump(mode="json").items()}

    @property
    def ends_by_clock(self) -> bool:
        """Whether its length is a time, in which no two trainings come equally far."""
        return self.minutes is not None and self.iterations is None and self.epochs is None

    def at_most_minutes(self, minutes: float) -> TrainingSettings:
        """The same training, ended after so many minutes where it lasts longer; without a clock it stays as it is."""
        if self.clock == "none" or (self.minutes is not None and self.minutes <= minutes):
            return self
        return self.model_copy(update={"minutes": minutes})

    @model_validator(mode="after")
    def _fits_together(self) -> TrainingSettings:
        if self.checkpoint_every is not None and self.checkpoints is not None:
            raise ValueError("give checkpoint_every or checkpoints, not both")
        every, last = self.checkpoint_every, self.iterations
        if every is not None and last is not None and every > last:
            raise ValueError(f"checkpoint_every = {every} lies beyond the end of training at {last}")
        if self.clock == "none" and self.minutes is not None:
            raise ValueError("minutes need a clock: remove minutes, or clock = 'none'")
        if self.bugs_of_2016 and self.recipe != "torch-rnn":
            raise ValueError("bugs_of_2016 belongs to the recipe torch-rnn")
        return self


class Recipe(BaseModel):
    """Training settings with nothing left open. Losses and schedules count iterations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["modern", "torch-rnn"]
    batch: int
    sequence: int
    learning_rate: float
    schedule: Literal["halving", "cosine", "trapezoid"]
    halve_every_epochs: int
    warmup_iterations: int
    final_share: float
    """The schedule ends at this share of the learning rate."""
    decay_share: float
    """A trapezoid falls over this share of all iterations, at their end."""
    betas: tuple[float, float]
    epsilon: float
    weight_decay: float
    clip: Literal["value", "norm"]
    clip_at: float
    matrix_learning_rate: float
    """Of the Muon parameters, the matrices between layers; 0: Adam learns them too."""
    average: float
    """Decay of the EMA weights (exponential moving average) at full length; 0: none are kept."""
    initial: Literal["torch-rnn", "smooth"]
    shifts: bool
    """Whether epochs begin at different offsets into the streams."""
    mixed_precision: bool
    """Whether bfloat16 may be used where the machine is quicker with it."""
    bugs_of_2016: bool
    seed: int


def resolve(settings: TrainingSettings, group: int = 1) -> Recipe:
    """Fill in everything that the settings leave open.

    Parameters
    ----------
    settings
        As the production file has them.
    group
        Bytes per time step of the network; sequences are made of whole groups.

    Raises
    ------
    ProductionError
        Where a sequence that was set is not.
    """
    if settings.sequence is not None and settings.sequence % group:
        raise ProductionError(
            f"Sequences of {settings.sequence} bytes can't be cut into groups of {group}.",
            where="training.sequence, network.group",
            expected=f"a multiple of {group}, such as {max(1, settings.sequence // group) * group}",
        )
    recipe = _faithful(settings, group) if settings.recipe == "torch-rnn" else _modern(settings, group)
    if recipe.batch % settings.devices:
        raise ProductionError(
            f"A batch of {recipe.batch} streams can't be shared equally by {settings.devices} devices.",
            where="training.batch, training.devices",
            expected=f"a multiple of {settings.devices}, such as {_whole_groups(recipe.batch, settings.devices)}",
        )
    return recipe


def _faithful(settings: TrainingSettings, group: int) -> Recipe:
    return Recipe(
        name="torch-rnn",
        batch=settings.batch or 50,
        sequence=settings.sequence or _whole_groups(50, group),
        learning_rate=settings.learning_rate or FAITHFUL_RATE,
        schedule="halving",
        halve_every_epochs=5,
        warmup_iterations=0,
        final_share=1.0,
        decay_share=0.0,
        betas=(0.9, 0.999),
        epsilon=1e-8,
        weight_decay=0.0,
        clip="value",
        clip_at=5.0,
        matrix_learning_rate=0.0,
        average=0.0,
        initial="torch-rnn",
        shifts=False,
        mixed_precision=settings.precision == "bfloat16",
        bugs_of_2016=settings.bugs_of_2016,
        seed=settings.seed,
    )


def _modern(settings: TrainingSettings, group: int) -> Recipe:
    rate = settings.learning_rate or MODERN_RATE
    return Recipe(
        name="modern",
        batch=settings.batch or (MODERN_BATCH if group == 1 else TIERED_BATCH),
        sequence=settings.sequence or _whole_groups(MODERN_SEQUENCE, group),
        learning_rate=rate,
        schedule=settings.schedule or "trapezoid",
        halve_every_epochs=0,
        warmup_iterations=50,
        final_share=FINAL_SHARE,
        decay_share=DECAY_SHARE,
        betas=(0.9, 0.95),
        epsilon=1e-8,
        weight_decay=0.01,
        clip="norm",
        clip_at=1.0,
        matrix_learning_rate=MODERN_MATRIX_RATE * rate / MODERN_RATE,
        average=0.99,
        initial="smooth",
        shifts=True,
        mixed_precision=settings.precision != "float32",
        bugs_of_2016=False,
        seed=settings.seed,
    )


def _whole_groups(length: int, group: int) -> int:
    return max(1, round(length / group)) * group


def check_batch(batch: int, sequence: int, train_bytes: int, where: str = "") -> int:
    """Return how many bytes each of the streams side by side has.

    Raises
    ------
    ProductionError
        Where the corpus is too short for one window of each stream.
    """
    length = train_bytes // batch
    if length < sequence:
        place = "training.batch, training.sequence"
        raise ProductionError(
            f"The corpus is too short: {train_bytes} training bytes can't fill {batch} streams of {sequence} bytes.",
            where=f"{where}, {place}" if where else place,
            expected=f"batch x sequence of at most {train_bytes}",
            hint="Make batch or sequence smaller, or record more speech.",
        )
    return length


def planned_iterations(settings: TrainingSettings, iterations_per_epoch: float, rate_per_s: float | None) -> int:
    """Count the iterations of the whole training.

    Parameters
    ----------
    settings
        The limits.
    iterations_per_epoch
        Training bytes / (batch * sequence).
    rate_per_s
        Iterations per second on this machine; needed where `minutes` is set.
    """
    limits: list[int] = []
    if settings.iterations is not None:
        limits.append(settings.iterations)
    if settings.minutes is not None and rate_per_s is not None:
        limits.append(floor(settings.minutes * 60 * rate_per_s))
    if settings.epochs is not None or not limits:
        epochs = DEFAULT_EPOCHS if settings.epochs is None else settings.epochs
        limits.append(ceil(epochs * iterations_per_epoch - 1e-9))
    return max(1, min(limits))


def default_checkpoints(training: float, validation: float) -> int:
    """How many checkpoints are made where nobody has set their number.

    At most `DEFAULT_CHECKPOINTS`, and no more than take a tenth of the time with their validation; but a handful.

    Parameters
    ----------
    training
        Bytes learned in the whole training (an update computes backwards too, so a byte costs three times as much as
        one that is only judged), or its seconds.
    validation
        Bytes judged at every checkpoint, or three times the seconds that it takes.
    """
    affordable = VALIDATION_SHARE * 3 * training / max(validation, 1e-9)
    return int(min(DEFAULT_CHECKPOINTS, max(FEWEST_DEFAULT_CHECKPOINTS, affordable)))


def checkpoint_iterations(settings: TrainingSettings, total: int, count: int = DEFAULT_CHECKPOINTS) -> tuple[int, ...]:
    """Choose the iterations at which checkpoints are made: 0, `total`, and between them as the settings say.

    Either every `checkpoint_every` iterations, or about `checkpoints` of them (`count` where that is not set) whose
    gaps grow geometrically, the last gap about 100 times the first.

    Raises
    ------
    ProductionError
        Where `checkpoint_every` lies beyond the end.
    """
    every = settings.checkpoint_every
    if every is not None and every > total:
        raise ProductionError(
            f"The first checkpoint would come after {every} iterations, but training ends after {total}.",
            where="training.checkpoint_every",
            expected=f"a number from 1 to {total}",
            hint="Make checkpoint_every smaller, or train for longer.",
        )
    if every is None and settings.checkpoints is None and settings.recipe == "torch-rnn" and _can_count(settings):
        every = max(1, min(TORCH_RNN_CHECKPOINT_EVERY, total // FEWEST_CHECKPOINTS))
    if every is not None:
        return tuple(sorted({*range(0, total, every), total}))
    return _dense_first(total, settings.checkpoints or count)


def _can_count(settings: TrainingSettings) -> bool:
    """Whether the length is known before the training begins."""
    return settings.minutes is None or settings.iterations is not None or settings.epochs is not None


def _dense_first(total: int, count: int) -> tuple[int, ...]:
    gaps = count - 1
    chosen = {0, total}
    last = 0
    for place in range(1, gaps):
        last = max(last + 1, round(total * (DENSITY ** (place / gaps) - 1) / (DENSITY - 1)))
        if last >= total:
            break
        chosen.add(last)
    return tuple(sorted(chosen))


def halvings_at(recipe: Recipe, iteration: int, iterations_per_epoch: float) -> int:
    """Count how often the learning rate has been halved before an update.

    torch-rnn compared the number of the epoch about to begin, counted from 1, and so halved an epoch early; that is
    one of the bugs of 2016.
    """
    if recipe.schedule != "halving":
        return 0
    if recipe.bugs_of_2016:
        return (floor(iteration / iterations_per_epoch) + 1) // recipe.halve_every_epochs
    return floor((iteration - 1) / iterations_per_epoch) // recipe.halve_every_epochs


def decay_start(recipe: Recipe, total: int) -> int:
    """Give the last iteration up to which the schedule does not depend on where it ends."""
    if recipe.schedule != "trapezoid":
        return total if recipe.schedule == "halving" else 0
    return max(0, total - max(1, round(recipe.decay_share * total)))


def rate_share_at(
    recipe: Recipe, iteration: int, total: int, iterations_per_epoch: float, decay_from: int | None = None
) -> float:
    """Give the share of the full learning rates that one update gets, numbered from 1 to `total`.

    A trapezoid (warm-up, flat, linear decay; Zhai et al. 2022, Hu et al. 2024) needs to know its end only when the
    decay begins, so a training can be made longer without beginning anew.

    Parameters
    ----------
    decay_from
        The last iteration at the full learning rate, where that is settled already; else it follows from `total`.
    """
    if recipe.schedule == "halving":
        return float(0.5 ** halvings_at(recipe, iteration, iterations_per_epoch))
    warmup = min(recipe.warmup_iterations, max(1, total // 10))
    if iteration <= warmup:
        return iteration / warmup
    low = recipe.final_share
    if recipe.schedule == "cosine":
        share = (iteration - warmup) / max(1, total - warmup)
        return low + (1 - low) * 0.5 * (1 + cos(pi * share))
    begin = decay_start(recipe, total) if decay_from is None else decay_from
    left = (total - iteration) / max(1, total - begin)
    return low + (1 - low) * min(1.0, max(0.0, left))
