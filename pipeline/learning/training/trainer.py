"""The trainer: one update, one validation, and everything that must survive an interruption as tensors.

This module does not know files, schedules of checkpoints or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from pipeline.learning.models.network import BYTE_VALUES, NetworkSettings
from pipeline.learning.recipes.arithmetic import Arithmetic
from pipeline.learning.recipes.optimiser import Optimiser
from pipeline.learning.recipes.recipe import Recipe, halvings_at
from pipeline.learning.training.streams import TrainingStreams, ValidationStreams

_EMA_WARMUP = 10
"""Early on the moving average reaches back over a tenth of the updates, not over the noise at the beginning."""


@dataclass(frozen=True)
class TrainingData:
    """The dataset: bytes, already split.

    Attributes
    ----------
    training, validation
        shape = (samples,), uint8.
    sample_rate_hz, encoding
        Of the corpus; written into checkpoints.
    """

    training: npt.NDArray[np.uint8]
    validation: npt.NDArray[np.uint8]
    sample_rate_hz: int
    encoding: str


class Trainer:
    """A network, its optimiser, its EMA weights, and the state of the streams that it reads.

    Parameters
    ----------
    network
        Settings of the network.
    recipe
        How it is trained.
    training_data
        The dataset.
    device
        Where it is trained.
    arithmetic
        The dtypes in which it computes.
    share
        Which part of each batch this process reads, counted from 0, and how many there are.
    """

    def __init__(
        self,
        network: NetworkSettings,
        recipe: Recipe,
        training_data: TrainingData,
        *,
        device: torch.device,
        arithmetic: Arithmetic,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.recipe, self.device, self.mixed, self.share = recipe, device, arithmetic.mixed, share
        self.network: ByteNetwork = build_network(network, initial=recipe.initial, seed=recipe.seed).to(device)
        self.network.train()
        self.forward: Callable[[Tensor, State | None], tuple[Tensor, State]] = self.network
        torch.manual_seed(recipe.seed)
        self.streams = TrainingStreams(
            training_data.training,
            batch=recipe.batch,
            sequence=recipe.sequence,
            lookback=self.network.lookback,
            seed=recipe.seed,
            shifts=recipe.shifts,
            device=device,
            share=share,
        )
        self.held_out = ValidationStreams(
            training_data.validation, lookback=self.network.lookback, group=self.network.group, device=device
        )
        self.optimiser = Optimiser(self.network, recipe, muon_dtype=getattr(torch, arithmetic.muon_dtype))
        self._ema_weights = [p.detach().clone() for p in self.optimiser.learned] if recipe.average else []
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
            self.optimiser.reset()
        self.optimiser.clear_gradients()
        with self._autocast():
            logits, state = self.forward(window.data, self._state)
        loss = _loss(logits, window.data[:, self.network.lookback :])
        loss.backward()  # type: ignore[no-untyped-call]
        self._state = state[0].detach(), state[1].detach()
        self.optimiser.step(rate_share)
        self._update_ema(iteration)
        return loss.detach()

    def _halvings(self, iteration: int) -> int:
        return halvings_at(self.recipe, iteration, self.windows_per_epoch)

    @torch.no_grad()
    def _update_ema(self, iteration: int) -> None:
        if self._ema_weights:
            decay = min(self.recipe.average, iteration / (iteration + _EMA_WARMUP))
            learned = [parameter.detach() for parameter in self.optimiser.learned]
            average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            average(self._ema_weights, learned, None)

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss of the EMA weights on the held-out bytes, from a zero state; nats per byte."""
        sums = torch.zeros((), dtype=torch.float64, device=self.device)
        state: State | None = None
        with self.ema_eval_mode():
            for window, counted in self.held_out.windows():
                with self._autocast():
                    logits, state = self.network(window, state)
                targets = window[:, self.network.lookback :][:, :counted]
                sums += _loss(logits[:, :counted], targets, reduction="sum")
        if self.recipe.bugs_of_2016:
            self.forget_streams()
        return float(sums) / self.held_out.bytes

    def forget_streams(self) -> None:
        """Let the next update begin from a zero state."""
        self._state = None

    def own_state(self) -> State | None:
        """The state of the streams that this process reads."""
        return self._state

    def export(self) -> Weights:
        """The EMA weights where the recipe keeps them, else the weights themselves, by the names of `network.py`."""
        with self.ema_eval_mode():
            return self.network.export()

    def state_dict(self) -> dict[str, Tensor]:
        """Everything that a later trainer needs to go on exactly here, by names; the tensors are not copied."""
        named = {f"weights.{name}": p.detach() for name, p in self.network.named_weights().items()}
        named |= {f"averages.{index}": tensor for index, tensor in enumerate(self._ema_weights)}
        named |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state_dict().items()}
        named |= {f"state.{index}": tensor for index, tensor in enumerate(self._state or ())}
        named["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            named["random.cuda"] = torch.cuda.get_rng_state(self.device)
        return named

    @torch.no_grad()
    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on where `state_dict` was taken."""
        for name, parameter in self.network.named_weights().items():
            parameter.copy_(tensors[f"weights.{name}"])
        for index, average in enumerate(self._ema_weights):
            average.copy_(tensors[f"averages.{index}"])
        start = "optimiser."
        self.optimiser.load_state_dict({name[len(start) :]: t for name, t in tensors.items() if name.startswith(start)})
        state = [tensors[name].to(self.device) for name in ("state.0", "state.1") if name in tensors]
        fits = bool(state) and state[0].shape[1] == self.recipe.batch  # an older version read other batches
        own = self.streams.rows
        self._state = (state[0][:, own].contiguous(), state[1][:, own].contiguous()) if fits else None
        torch.set_rng_state(tensors["random.cpu"])
        if self.device.type == "cuda":
            if "random.cuda" in tensors:
                torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
            else:  # it was begun on the processor
                torch.cuda.manual_seed(self.recipe.seed)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)

    @contextmanager
    def ema_eval_mode(self) -> Iterator[None]:
        """Evaluate with the EMA weights, where the recipe keeps them, and without dropout."""
        learned = [parameter.data for parameter in self.optimiser.learned]
        own_weights = [tensor.clone() for tensor in learned] if self._ema_weights else []
        for tensor, average in zip(learned, self._ema_weights, strict=False):
            tensor.copy_(average)
        self.network.eval()
        try:
            yield
        finally:
            self.network.train()
            for tensor, own in zip(learned, own_weights, strict=False):
                tensor.copy_(own)


def _loss(logits: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    return functional.cross_entropy(
        logits.float().reshape(-1, BYTE_VALUES), targets.reshape(-1).long(), reduction=reduction
    )
