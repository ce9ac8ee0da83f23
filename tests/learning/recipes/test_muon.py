"""Steps along the nearest orthogonal matrix, in both types of number."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pipeline.learning.recipes.muon import COEFFICIENTS, ITERATIONS, Muon, orthogonalise


def newton_schulz(matrix: torch.Tensor) -> torch.Tensor:
    """The iteration as it is written down, in float64."""
    a, b, c = COEFFICIENTS
    x = matrix.double()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / x.norm()
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


def badly_conditioned(rows: int, columns: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    u, s, v = torch.linalg.svd(torch.randn(rows, columns, generator=generator), full_matrices=False)
    return (u * torch.logspace(0, -3, len(s))) @ v


@settings(max_examples=25)
@given(st.integers(2, 40), st.integers(2, 160), st.integers(0, 1000))
def test_in_float32_it_is_the_iteration_as_written_down_whatever_the_shape(rows: int, columns: int, seed: int) -> None:
    matrix = badly_conditioned(rows, columns, seed)
    found = orthogonalise(matrix[None], torch.float32)[0]
    torch.testing.assert_close(found.double(), newton_schulz(matrix), rtol=0, atol=3e-3)


@pytest.mark.parametrize(("rows", "columns"), [(8, 64), (64, 8), (32, 32)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_singular_values_end_near_one(rows: int, columns: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    found = orthogonalise(torch.randn(3, rows, columns, generator=generator), dtype)
    assert found.dtype == torch.float32
    values = torch.linalg.svdvals(found)
    assert values.max() < 1.3
    assert values[:, :-1].min() > 0.5 if rows != columns else values.median() > 0.6


def test_a_gradient_of_nothing_moves_nothing_but_the_decay() -> None:
    weights = nn.Parameter(torch.ones(4, 6))
    weights.grad = torch.zeros(4, 6)
    Muon([weights], lr=0.5, weight_decay=0.1, dtype=torch.float32).step()
    torch.testing.assert_close(weights.detach(), torch.full((4, 6), 0.95))


def test_matrices_of_one_shape_step_as_each_would_alone() -> None:
    generator = torch.Generator().manual_seed(2)
    gradients = [torch.randn(12, 5, generator=generator) for _ in range(3)]
    together = [nn.Parameter(torch.zeros(12, 5)) for _ in gradients]
    for parameter, gradient in zip(together, gradients, strict=True):
        parameter.grad = gradient.clone()
    Muon(together, lr=0.1, weight_decay=0.0, dtype=torch.float32).step()
    for parameter, gradient in zip(together, gradients, strict=True):
        alone = nn.Parameter(torch.zeros(12, 5))
        alone.grad = gradient.clone()
        Muon([alone], lr=0.1, weight_decay=0.0, dtype=torch.float32).step()
        torch.testing.assert_close(parameter, alone)


def test_steps_are_those_of_torchs_own_muon_within_the_rounding_of_bfloat16() -> None:
    generator = torch.Generator().manual_seed(3)
    ours, theirs = nn.Parameter(torch.ones(48, 16)), nn.Parameter(torch.ones(48, 16))
    own = Muon([ours], lr=0.02, weight_decay=0.05, dtype=torch.float32)
    other = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.05, adjust_lr_fn="original")
    for _ in range(4):
        gradient = torch.randn(48, 16, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        own.step()
        other.step()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02)
