"""The facts of a section: its network, training, losses, sampling, and what another program's run says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, Final

from pipeline.film.timeline.timeline import RunFacts
from pipeline.learning.models.network import NetworkSettings, parse_network
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language
from pipeline.production.section import Section
from pipeline.stages.shared.facts.table import FactTable, fact
from pipeline.stages.shared.facts.wording import network_name
from pipeline.stages.shared.sections.checkpoints import SectionCheckpoint

_DEVICES: Final = {"cpu": "machine.cpu", "cuda": "machine.gpu"}


class NetworkTable(FactTable):
    """A network; of a run of another program its name alone."""

    stands_for: ClassVar[str] = "name"

    def __init__(self, trained: TrainingRun | None, language: Language, name: str = "") -> None:
        self._trained, self._language, self._name = trained, language, name

    @cached_property
    def _settings(self) -> NetworkSettings | None:
        return parse_network(self._trained.network) if self._trained else None

    def _of(self, name: str) -> Any:
        """A setting that only some kinds have."""
        return None if self._settings is None else self._settings.model_dump().get(name)

    @fact
    def name(self) -> str:
        """What viewers call it, for which `network` stands."""
        return network_name(self._trained.network, self._language) if self._trained else self._name

    @fact
    def kind(self) -> str | None:
        """Such as lstm or tiered-lstm."""
        return self._settings.kind if self._settings else None

    @fact
    def layers(self) -> int | None:
        """Recurrent layers."""
        return self._settings.layers if self._settings else None

    @fact
    def neurons(self) -> int | None:
        """Neurons of each layer."""
        return self._settings.neurons if self._settings else None

    @fact
    def embedding(self) -> int | None:
        """Numbers that a byte becomes."""
        value: int | None = self._of("embedding")
        return value

    @fact
    def dropout(self) -> float | None:
        """Share of activations left out while training."""
        value: float | None = self._of("dropout")
        return value

    @fact
    def parameters(self) -> int | None:
        """Trained numbers."""
        return self._trained.parameters if self._trained else None

    @fact
    def tiers(self) -> str:
        """What its tiers do, of a tiered network."""
        if self._settings is None or not (widths := self._settings.fast_widths):
            return ""
        size = f"{len(widths)} \u00d7 {widths[0]}"
        return self._language.text("network.tiers", group=self._settings.group, size=size)


class TrainingTable(FactTable):
    """A training as a whole."""

    def __init__(
        self,
        trained: TrainingRun | None,
        language: Language,
        checkpoints: Sequence[SectionCheckpoint],
        last_iteration: int,
    ) -> None:
        self._trained, self._language = trained, language
        self._checkpoints, self._last_iteration = checkpoints, last_iteration

    def _of(self, name: str) -> Any:
        return self._trained.recipe.get(name) if self._trained else None

    @fact
    def recipe(self) -> str:
        """The recipe's name."""
        return str(self._of("name") or self._trained.training.get("recipe", "")) if self._trained else ""

    @fact
    def batch(self) -> int | None:
        """Sequences in a batch."""
        value: int | None = self._of("batch")
        return value

    @fact
    def sequence(self) -> int | None:
        """Bytes of a sequence."""
        value: int | None = self._of("sequence")
        return value

    @fact
    def learning_rate(self) -> float | None:
        """Of the optimiser, at first."""
        value: float | None = self._of("learning_rate")
        return value

    @fact
    def seed(self) -> int | None:
        """Of the weights and the order."""
        value: int | None = self._of("seed")
        return value

    @fact
    def iterations(self) -> int:
        """Optimiser updates."""
        return self._trained.iterations if self._trained else self._last_iteration

    @fact
    def epochs(self) -> float | None:
        """Passes over the training data."""
        return self._trained.epochs if self._trained else self._checkpoints[-1].epoch if self._checkpoints else None

    @fact
    def elapsed_s(self) -> float | None:
        """How long it took, seconds."""
        if self._trained:
            return self._trained.elapsed_s
        return self._checkpoints[-1].elapsed_s if self._checkpoints else None

    @fact
    def checkpoints(self) -> int:
        """How many were kept."""
        return len(self._trained.checkpoints if self._trained else self._checkpoints)

    @fact
    def device(self) -> str:
        """Where it was trained: cpu, cuda ..."""
        return self._trained.device if self._trained else ""

    @fact
    def device_name(self) -> str:
        """What viewers call that."""
        word = _DEVICES.get(self.device.split(":")[0])
        return self.device if word is None else self._language.text(word)


class LossTable(FactTable):
    """A section's validation losses, nats per byte; the filter `bits` turns them into bits."""

    def __init__(self, first: float | None, last: float | None, best: float | None, best_iteration: int | None) -> None:
        self._values = first, last, best, best_iteration

    @fact
    def first_nats(self) -> float | None:
        """Before training, nats per byte (the filter `bits` turns it into bits)."""
        return self._values[0]

    @fact
    def last_nats(self) -> float | None:
        """At the last checkpoint, nats per byte."""
        return self._values[1]

    @fact
    def best_nats(self) -> float | None:
        """The lowest, nats per byte."""
        return self._values[2]

    @fact
    def best_iteration(self) -> int | None:
        """The iteration of that."""
        return self._values[3]


class SamplingTable(FactTable):
    """How takes were sampled."""

    def __init__(self, section: Section, language: Language) -> None:
        self._section, self._language = section, language

    @fact
    def temperature(self) -> str:
        """At which takes were sampled, or from where to where."""
        if self._section.run is not None:
            return ""
        temperatures = [temperature for _, temperature in self._section.sampling.curve()]
        low, high = min(temperatures), max(temperatures)
        return self._language.compact(low) if low == high else self._language.text("sampling.range", low=low, high=high)

    @fact
    def seed(self) -> int | None:
        """Of the draws."""
        return None if self._section.run is not None else self._section.sampling.seed

    @fact
    def prime_s(self) -> float | None:
        """Seconds of the recording before each take."""
        return None if self._section.run is not None else self._section.sampling.prime_s


class LabelTable(FactTable):
    """A line of a run's card."""

    def __init__(self, label: str, value: str) -> None:
        self._label, self._value = label, value

    @fact
    def label(self) -> str:
        """What it says on the left."""
        return self._label

    @fact
    def value(self) -> str:
        """What it says on the right."""
        return self._value


class RunTable(FactTable):
    """What is known of a run of another program."""

    def __init__(self, shown: RunFacts) -> None:
        self._shown = shown

    @fact
    def facts(self) -> list[LabelTable]:
        """The lines of its card, each with a label and a value."""
        return [LabelTable(label, value) for label, value in self._shown.facts]

    @fact
    def first_loss(self) -> float | None:
        """Its first loss, in its own unit."""
        return self._shown.first_loss

    @fact
    def last_loss(self) -> float | None:
        """Its last loss."""
        return self._shown.last_loss

    @fact
    def best_loss(self) -> float | None:
        """Its lowest loss."""
        return self._shown.best_loss

    @fact
    def loss_unit(self) -> str:
        """The unit of its losses; empty where nothing says."""
        return self._shown.loss_unit

    @fact
    def loss_name(self) -> str:
        """What its log calls them."""
        return self._shown.loss_name
