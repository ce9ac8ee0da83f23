"""What reads like a row of samples, whatever it is kept in."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Samples(Protocol):
    """A sound of which any slice can be read: float32, full scale = 1, shape (samples,) or (samples, channels).

    An array will do.
    """

    def __len__(self) -> int:
        """Its length in samples."""

    def __getitem__(self, part: slice, /) -> NDArray[np.float32]:
        """The samples of a slice."""
