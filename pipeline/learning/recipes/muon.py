"""Muon: momentum whose update of every matrix is orthogonalised, in the dtype that this machine is quick at.

This module does not know networks. Sources: Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), with
its quintic Newton-Schulz iteration; in float32 the iteration runs on the Gram matrix, which is smaller than the matrix
itself wherever that is not square (products of rows alone, 34 n^3 + 4 n^2 m operations instead of 10 n^3 + 20 n^2 m for
five iterations on n x m).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Final

import torch
from torch import Tensor, nn

from pipeline.learning.recipes.eager import Eager

COEFFICIENTS: Final = (3.4445, -4.7750, 2.0315)
"""Of x, x^3 and x^5 in one iteration: singular values from about 0.01 on end between 0.7 and 1.2."""
ITERATIONS: Final = 5
_GRAM_FROM: Final = 2
"""Columns over rows from which the Gram matrix is less work; in bfloat16 it loses too much."""
_MOMENTUM: Final = 0.95
_SMALLEST_NORM: Final = 1e-7


class Muon(Eager):
    """Nesterov momentum, orthogonalised; decoupled weight decay.

    Parameters
    ----------
    parameters
        Muon parameters: matrices.
    lr
        The learning rate; taller matrices take steps larger by the root of rows over columns.
    weight_decay
        Decoupled, as in AdamW.
    dtype
        Of the products while matrices are orthogonalised: float32 or bfloat16.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Make one step with the gradients at hand; matrices of one shape go together."""
        del closure
        for group in self.param_groups:
            by_shape: dict[tuple[int, ...], list[Tensor]] = {}
            for parameter in group["params"]:
                by_shape.setdefault(tuple(parameter.shape), []).append(parameter)
            for (rows, columns), parameters in by_shape.items():
                steps = orthogonalise(torch.stack(self._directions(parameters)), self._dtype)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                rate = group["lr"] * sqrt(max(1.0, rows / columns))
                torch._foreach_add_(parameters, list(steps.unbind()), alpha=-rate)

    def _directions(self, parameters: list[Tensor]) -> list[Tensor]:
        """Gradients mixed with their momentum, as Nesterov looks ahead."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        buffers = []
        for parameter in parameters:
            state = self.state[parameter]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(parameter)
            buffers.append(state["momentum_buffer"])
        torch._foreach_lerp_(buffers, gradients, 1 - _MOMENTUM)
        return list(torch._foreach_lerp(gradients, buffers, _MOMENTUM))  # noqa: SLF001 - one call for all, as torch.optim has it


def orthogonalise(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """Bring all singular values near 1.

    Parameters
    ----------
    matrices
        shape = (count, rows, columns), float32.
    dtype
        Of the products.

    Returns
    -------
    Tensor
        The same shape, float32.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / torch.linalg.matrix_norm(wide, keepdim=True).clamp(min=_SMALLEST_NORM)
    by_gram_matrix = dtype == torch.float32 and wide.shape[2] >= _GRAM_FROM * wide.shape[1]
    done = _by_gram_matrix(wide) if by_gram_matrix else _by_rows(wide.to(dtype))
    return (done.mT if tall else done).float()


def _by_rows(x: Tensor) -> Tensor:
    """Newton-Schulz on the matrix itself: stable in bfloat16 too."""
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _by_gram_matrix(x: Tensor) -> Tensor:
    """The same on the Gram matrix: x(i+1) = z(i) x(i), so gram(i+1) = z gram z, and the product of all z is kept."""
    a, b, c = COEFFICIENTS
    gram = x @ x.mT
    identity = torch.eye(gram.shape[1], dtype=x.dtype, device=x.device).expand_as(gram)
    total = identity
    for place in range(ITERATIONS):
        z = torch.baddbmm(gram, gram, gram, beta=b, alpha=c) + a * identity
        total = z @ total if place else z
        if place < ITERATIONS - 1:
            gram = z @ gram @ z
    return total @ x
