"""torch's optimisers without the decorators that import `torch._dynamo`, which only compiled training needs.

That import takes as long as torch itself: a training would wait twice as long before its first update.
This module does not know networks or recipes.
"""

from __future__ import annotations

from inspect import unwrap

import torch
from torch.optim import Adam, AdamW, Optimizer


class Eager(Optimizer):
    """The methods of an optimiser as they are inside their decorators, which only matter where it is compiled."""

    add_param_group = unwrap(Optimizer.add_param_group)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    state_dict = unwrap(Optimizer.state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)


class EagerAdam(Eager, Adam):
    """Adam; a step is not differentiated through."""

    step = torch.no_grad()(unwrap(Adam.step))


class EagerAdamW(Eager, AdamW):
    """AdamW; a step is not differentiated through."""

    step = torch.no_grad()(unwrap(AdamW.step))
