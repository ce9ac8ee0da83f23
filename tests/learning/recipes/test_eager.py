"""Optimisers that load no compiler: they step as torch's own."""

import sys

import pytest
import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer

from pipeline.learning.recipes.eager import EagerAdam, EagerAdamW
from pipeline.learning.recipes.muon import Muon


def stepped(kind: type[Optimizer]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Weights after some steps, half of them by an optimiser that goes on from another's state; and its state."""
    generator = torch.Generator().manual_seed(1)
    weights = nn.Parameter(torch.randn(5, 3, generator=generator))
    first, second = (kind([weights], lr=0.1, weight_decay=0.01, fused=True) for _ in range(2))  # type: ignore[call-arg]
    for number in range(6):
        if number == 3:
            second.load_state_dict(first.state_dict())
        own = first if number < 3 else second
        own.zero_grad()
        ((weights - 1) ** 2 * torch.rand(5, 3, generator=generator)).sum().backward()
        own.step()
    return weights.detach(), second.state_dict()["state"][0]


@pytest.mark.parametrize(("ours", "torchs"), [(EagerAdam, Adam), (EagerAdamW, AdamW)])
def test_steps_are_those_of_torch(ours: type[Optimizer], torchs: type[Optimizer]) -> None:
    weights, state = stepped(ours)
    expected, moments = stepped(torchs)
    assert torch.equal(weights, expected)
    assert state.keys() == moments.keys()
    assert all(torch.equal(state[name], moments[name]) for name in state)


def test_nothing_of_an_optimiser_imports_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("torch._dynamo")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # then its import fails
    stepped(EagerAdam)
    stepped(EagerAdamW)
    weights = nn.Parameter(torch.ones(4, 4))
    muon = Muon([weights], lr=0.1, weight_decay=0.0, dtype=torch.float32)
    weights.sum().backward()
    muon.step()
    muon.zero_grad()
    muon.load_state_dict(muon.state_dict())
    assert weights.grad is None
