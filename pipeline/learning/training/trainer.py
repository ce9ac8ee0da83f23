"""A network in training: one update, one validation, and everything that must survive an interruption as tensors.

This module does not know files, schedules of checkpoints or clocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from pipeline.learning.models.checkpoint import Weights
from pipeline.learning.models.modules import ByteNetwork, State, build_network
from pipeline.learning.models.network import BYTE_VALUES, LstmSettings, TieredSettings
from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.optimiser import Optimiser
from pipeline.learning.recipes.recipe import Recipe, halvings_at
from pipeline.learning.training.streams import TrainingStreams, ValidationStreams

_AVERAGING_STARTS = 10
"""Over the first updates the average reaches back over a tenth of them, not over the noise at the beginning."""


@dataclass(frozen=True)
class TrainingData:
    """What is learned: bytes, already split.

    Attributes
    ----------
    training, validation
        shape = (samples,), uint8.
    sample_rate_hz, encoding
        Of the corpus, told on in checkpoints.
    """

    training: npt.NDArray[np.uint8]
    validation: npt.NDArray[np.uint8]
    sample_rate_hz: int
    encoding: str


class Trainer:
    """A network, its optimiser, its averaged weights, and its place in the streams.

    Parameters
    ----------
    network
        Settings of the network.
    recipe
        How it is trained.
    training_data
        What it learns.
    device
        Where.
    arithmetic
        In which numbers it computes.
    """

    def __init__(
        self,
        network: LstmSettings | TieredSettings,
        recipe: Recipe,
        training_data: TrainingData,
        *,
        device: torch.device,
        arithmetic: Arithmetic,
    ) -> None:
        self.recipe, self.device, self.mixed = recipe, device, arithmetic.mixed
        self.network: ByteNetwork = build_network(network, initial=recipe.initial, seed=recipe.seed).to(device)
        self.network.train()
        torch.manual_seed(recipe.seed)
        self.streams = TrainingStreams(
            training_data.training,
            batch=recipe.batch,
            sequence=recipe.sequence,
            lookback=self.network.lookback,
            seed=recipe.seed,
            shifts=recipe.shifts,
            device=device,
        )
        self.held_out = ValidationStreams(
            training_data.validation, lookback=self.network.lookback, group=self.network.group, device=device
        )
        self.optimiser = Optimiser(self.network, recipe, muon_dtype=getattr(torch, arithmetic.muon_dtype))
        self._averages = [p.detach().clone() for p in self.optimiser.learned] if recipe.average else []
        self._state: State | None = None

    @property
    def windows_per_epoch(self) -> int:
        """Updates in one pass over the training bytes."""
        return self.streams.windows_per_epoch

    def update(self, iteration: int, rate_share: float) -> Tensor:
        """Make one update, numbered from 1, at a share of the full learning rates.

        Returns
        -------
        Tensor
            Its loss in nats per byte, still on the device.
        """
        window = self.streams.window(iteration - 1)
        if window.begins:
            self._state = None
        bugs = self.recipe.bugs_of_2016 and iteration > 1
        if bugs and self._halvings(iteration) > self._halvings(iteration - 1):
            self.optimiser.forget()
        self.optimiser.clear_gradients()
        with self._autocast():
            logits, state = self.network(window.data, self._state)
        loss = _loss(logits, window.data[:, self.network.lookback :])
        loss.backward()  # type: ignore[no-untyped-call]
        self._state = state[0].detach(), state[1].detach()
        self.optimiser.step(rate_share)
        self._average(iteration)
        return loss.detach()

    def _halvings(self, iteration: int) -> int:
        return halvings_at(self.recipe, iteration, self.windows_per_epoch)

    @torch.no_grad()
    def _average(self, iteration: int) -> None:
        if self._averages:
            decay = min(self.recipe.average, iteration / (iteration + _AVERAGING_STARTS))
            learned = [parameter.detach() for parameter in self.optimiser.learned]
            average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            average(self._averages, learned, None)

    @torch.no_grad()
    def validate(self) -> float:
        """Judge the weights that speak on the held-out bytes, from a fresh state; nats per byte."""
        sums = torch.zeros((), dtype=torch.float64, device=self.device)
        state: State | None = None
        with self._speaking():
            for window, counted in self.held_out.windows():
                with self._autocast():
                    logits, state = self.network(window, state)
                targets = window[:, self.network.lookback :][:, :counted]
                sums += _loss(logits[:, :counted], targets, reduction="sum")
        if self.recipe.bugs_of_2016:
            self._state = None
        return float(sums) / self.held_out.bytes

    def export(self) -> Weights:
        """Give the weights that speak: the averages, where there are any."""
        with self._speaking():
            return self.network.export()

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that a later learner needs to go on exactly here."""
        named = {f"weights.{name}": p.detach() for name, p in self.network.named_weights().items()}
        named |= {f"averages.{index}": tensor for index, tensor in enumerate(self._averages)}
        named |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.tensors().items()}
        named |= {f"state.{index}": tensor for index, tensor in enumerate(self._state or ())}
        named["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            named["random.cuda"] = torch.cuda.get_rng_state(self.device)
        return named

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on where `tensors` was taken."""
        for name, parameter in self.network.named_weights().items():
            parameter.copy_(tensors[f"weights.{name}"])
        for index, average in enumerate(self._averages):
            average.copy_(tensors[f"averages.{index}"])
        start = "optimiser."
        self.optimiser.restore({name[len(start) :]: t for name, t in tensors.items() if name.startswith(start)})
        places = [tensors[name].to(self.device) for name in ("state.0", "state.1") if name in tensors]
        fits = bool(places) and places[0].shape[1] == self.recipe.batch  # an older version read other batches
        self._state = (places[0], places[1]) if fits else None
        torch.set_rng_state(tensors["random.cpu"])
        if self.device.type == "cuda":
            if "random.cuda" in tensors:
                torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
            else:  # it was begun on the processor
                torch.cuda.manual_seed(self.recipe.seed)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Put the averages in the weights' place for a while, without dropout."""
        learned = [parameter.data for parameter in self.optimiser.learned]
        kept = [tensor.clone() for tensor in learned] if self._averages else []
        for tensor, average in zip(learned, self._averages, strict=False):
            tensor.copy_(average)
        self.network.eval()
        try:
            yield
        finally:
            self.network.train()
            for tensor, own in zip(learned, kept, strict=False):
                tensor.copy_(own)


def _loss(logits: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    return functional.cross_entropy(
        logits.float().reshape(-1, BYTE_VALUES), targets.reshape(-1).long(), reduction=reduction
    )
