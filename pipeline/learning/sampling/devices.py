"""Where a take is made: on the processor, or on a GPU where that is worth it."""

from __future__ import annotations

from typing import Final

from pipeline.learning.models.network import LstmSettings, TieredSettings
from pipeline.learning.sampling.settings import SamplingSettings

_REAL_TIME_PARAMETERS: Final = 4_000_000
"""A core samples networks up to about this size in real time; larger ones go to a GPU where there is one."""


def sampling_device(settings: SamplingSettings, network: LstmSettings | TieredSettings | None) -> str:
    """Where a take is made: it belongs to its key, for a GPU rounds otherwise."""
    parameters = 0 if network is None else network.parameters
    if settings.device == "cpu" or (settings.device == "auto" and parameters <= _REAL_TIME_PARAMETERS):
        return "cpu"
    from pipeline.learning.sampling.torch_sampler import gpu_or_cpu  # noqa: PLC0415 - brings torch along

    return gpu_or_cpu(required=settings.device == "cuda")
