"""Whether the compiled sampler can be built here: its kernels write LLVM IR through parts of numba that may change.

Nothing is compiled beyond what sampling needs anyway. It needs the compiler only where it is asked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from pipeline.learning.models.network import BYTE_VALUES, LstmSettings
from pipeline.learning.sampling.settings import WeightDtype

_UNIFORMS: Final = (0.0, 0.25, 0.5, 0.999)


@lru_cache
def compile_failure(weight_dtype: WeightDtype) -> str:
    """Compile the sampler, try it on a network whose bytes are known beforehand, and return what is wrong, or nothing.

    A network of zeros takes all bytes for equally likely, so each random number u must give the byte 256 u.
    """
    network = LstmSettings(layers=1, neurons=1, embedding=1)
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.shapes().items()}
    uniforms = np.array([_UNIFORMS])
    try:
        from pipeline.learning.sampling.sampler import Sampler  # noqa: PLC0415 - brings the compiler along

        codes = Sampler(network, weights, weight_dtype=weight_dtype).generate(uniforms, np.ones_like(uniforms))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - numba's parts may fail in any way
        return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    expected = (BYTE_VALUES * uniforms).astype(np.uint8)
    return "" if np.array_equal(codes, expected) else "it computes wrongly"
