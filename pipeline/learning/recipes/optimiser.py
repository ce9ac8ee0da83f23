"""The optimisers of both recipes, stepped together, with gradient clipping, and their state as plain tensors.

This module does not know what is optimised, beyond which tensors are Muon parameters: matrices between layers.

Sources: Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019), Muon (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon/): a step along the momentum's nearest orthogonal matrix.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.learning.recipes.eager import EagerAdam, EagerAdamW
from pipeline.learning.recipes.muon import Muon
from pipeline.learning.recipes.recipe import Recipe

_TABLES = ("embedding.", "output")
"""Tables of bytes: their rows are looked up one by one, so Muon makes no sense for them."""


class Optimiser:
    """One or two of torch's optimisers under one learning rate schedule.

    Parameters
    ----------
    network
        Whose weights are learned.
    recipe
        How.
    muon_dtype
        Dtype of the products of Muon's orthogonalisation.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, *, muon_dtype: torch.dtype = torch.float32) -> None:
        self._recipe = recipe
        self.learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
        muon_parameters, rest = _split(network) if recipe.matrix_learning_rate else ([], self.learned)
        self._parts: list[tuple[Optimizer, float]] = [(_adam(rest, recipe), recipe.learning_rate)]
        if muon_parameters:
            muon = Muon(
                muon_parameters,
                lr=recipe.matrix_learning_rate,
                weight_decay=recipe.weight_decay,
                dtype=muon_dtype,
            )
            self._parts.append((muon, recipe.matrix_learning_rate))

    def step(self, share: float) -> None:
        """Gradient clipping, then one update of all weights at a share of the full learning rates."""
        if self._recipe.clip == "value":
            nn.utils.clip_grad_value_(self.learned, self._recipe.clip_at)
        else:
            nn.utils.clip_grad_norm_(self.learned, self._recipe.clip_at)
        for part, full_rate in self._parts:
            for group in part.param_groups:
                group["lr"] = full_rate * share
            part.step()

    def clear_gradients(self) -> None:
        """Drop the gradients of the last update."""
        for part, _ in self._parts:
            part.zero_grad(set_to_none=True)

    def reset(self) -> None:
        """Drop all moments, as if no update had been made."""
        for part, _ in self._parts:
            part.state.clear()

    def state_dict(self) -> dict[str, Tensor]:
        """The whole state, as tensors named `optimiser.parameter.key`; they are not copied."""
        named: dict[str, Tensor] = {}
        for place, (part, _) in enumerate(self._parts):
            for index, values in part.state_dict()["state"].items():
                named |= {f"{place}.{index}.{key}": value for key, value in values.items()}
        return named

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state_dict` gave."""
        for place, (part, _) in enumerate(self._parts):
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                own, index, key = name.split(".", 2)
                if int(own) == place:
                    state.setdefault(int(index), {})[key] = tensor
            part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _split(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Muon parameters (matrices between layers), and those that Adam learns."""
    muon: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            is_matrix = parameter.ndim == 2 and not name.startswith(_TABLES)  # noqa: PLR2004 - rows and columns
            (muon if is_matrix else rest).append(parameter)
    return muon, rest


def _adam(parameters: list[nn.Parameter], recipe: Recipe) -> Optimizer:
    if recipe.weight_decay:
        return EagerAdamW(
            parameters,
            lr=recipe.learning_rate,
            betas=recipe.betas,
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
    return EagerAdam(parameters, lr=recipe.learning_rate, betas=recipe.betas, eps=recipe.epsilon, fused=True)
