"""Which colours footage is stored in, and what brings them into the film's: BT.709 of limited range.

This module owns what untagged footage is taken for, and the table of wide and high-range colours (PQ, HLG, BT.2020,
Display P3) in the film's. It does not decode anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REFERENCE_WHITE_NITS: Final = 203.0
"""What paper white is in high-range video (Rec. ITU-R BT.2408)."""
TABLE_SIZE: Final = 49
"""Colours along each side of the table: between them, about one level of 255 is lost at most."""
_NOMINAL_PEAK_NITS: Final = 1000.0
_MOST_NITS: Final = 10_000.0
_DISPLAY_GAMMA: Final = 2.4  # Rec. ITU-R BT.1886
_KNEE: Final = 0.75
"""Of reference white: what is darker is kept, what is lighter is pressed together. White paper becomes 241 of 255."""
_HD_WIDTH_PX, _HD_HEIGHT_PX = 1280, 576

# What ffmpeg reports of a picture, and what its scale filter calls it.
_MATRICES: Final[Mapping[str, str]] = {
    "bt709": "bt709",
    "smpte170m": "smpte170m",
    "bt470bg": "smpte170m",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
_UNTAGGED: Final = frozenset({"unknown", "unspecified", "reserved", "gbr", ""})
_RGB_STARTS: Final = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "x2rgb", "x2bgr", "pal8", "mono")
_FULL_STARTS: Final = ("yuvj", "gray", "ya8", "ya16")

# Linear light of each gamut in that of BT.709, all with the white of D65 (Rec. ITU-R BT.2087; SMPTE EG 432-1).
_TO_709: Final[Mapping[str, Floats]] = {
    "bt2020": np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]),
    "smpte432": np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]),
}
_LUMA_2020: Final = np.array([0.2627, 0.6780, 0.0593])
_HIGH_RANGE: Final[Mapping[str, str]] = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_GAMUT_NAMES: Final[Mapping[str, str]] = {"bt2020": "BT.2020", "smpte432": "Display P3"}


@dataclass(frozen=True)
class ColourSpace:
    """What the numbers of a picture mean, in the names that ffmpeg has for it.

    Parameters
    ----------
    matrix
        Of luma and chroma; empty where the picture is stored as RGB.
    full_range
        Whether black is 0 and white is 255 in it, rather than 16 and 235.
    primaries, transfer
        As tagged; empty where they are not.
    peak_nits
        How bright it gets, where its range is high.
    """

    matrix: str = "bt709"
    full_range: bool = False
    primaries: str = ""
    transfer: str = ""
    peak_nits: float = _NOMINAL_PEAK_NITS

    @property
    def need_table(self) -> bool:
        """Whether they are no mere matrix away from the film's."""
        return self.is_high_range or self.primaries in _TO_709

    @property
    def is_high_range(self) -> bool:
        """Whether whites in them are brighter than paper."""
        return self.transfer in _HIGH_RANGE

    @property
    def name(self) -> str:
        """What they are called in front of people; empty where they are the film's own."""
        names = [_HIGH_RANGE.get(self.transfer, ""), _GAMUT_NAMES.get(self.primaries, "")]
        return ", ".join(filter(None, names))


def colours_of(
    pixel_format: str,
    tags: Mapping[str, str],
    size: tuple[int, int],
    peak_nits: float | None = None,
) -> ColourSpace:
    """Decide what colours a picture is stored in; what is not tagged is what players take it for.

    Parameters
    ----------
    pixel_format
        As ffmpeg calls it: `yuv420p10le`.
    tags
        `color_range`, `color_space`, `color_primaries` and `color_trc` in ffmpeg's words, where they are tagged.
    size
        Width and height, in pixels: untagged footage of HD's size is BT.709, smaller footage BT.601.

    Raises
    ------
    ValueError
        Where they are stored in a way that can't be shown, such as ICtCp; says in which.
    """
    matrix, primaries, transfer = (tags.get(f"color_{name}", "") for name in ("space", "primaries", "trc"))
    if pixel_format.startswith(_RGB_STARTS):
        found, full = "", True
    else:
        if matrix not in _MATRICES and matrix not in _UNTAGGED:
            raise ValueError(matrix)
        found = _MATRICES.get(matrix) or _likely_matrix(primaries, transfer, size)
        full = tags.get("color_range") == "pc" or (
            tags.get("color_range") != "tv" and pixel_format.startswith(_FULL_STARTS)
        )
    return ColourSpace(
        matrix=found,
        full_range=full,
        primaries="" if primaries in _UNTAGGED else primaries,
        transfer="" if transfer in _UNTAGGED else transfer,
        peak_nits=min(max(peak_nits or _NOMINAL_PEAK_NITS, REFERENCE_WHITE_NITS), _MOST_NITS),
    )


def _likely_matrix(primaries: str, transfer: str, size: tuple[int, int]) -> str:
    if primaries == "bt2020" or transfer in _HIGH_RANGE:
        return "bt2020"
    if primaries == "bt709":
        return "bt709"
    if primaries in {"smpte170m", "bt470bg"}:
        return "smpte170m"
    return "bt709" if size[0] >= _HD_WIDTH_PX or size[1] > _HD_HEIGHT_PX else "smpte170m"


def to_film(signal: Floats, colours: ColourSpace) -> Floats:
    """Bring R'G'B' of wide or high-range colours into the film's.

    High ranges are displayed as Rec. ITU-R BT.2100 says (HLG on a display of 1000 nits), and tone-mapped so that light
    up to near reference white stays as it is and the peak becomes white: the largest of red, green and blue is pressed
    together and the others follow it, so that no hue changes. What BT.709 can't show is clipped.

    Parameters
    ----------
    signal
        0 to 1, shape = (..., 3).

    Returns
    -------
    Floats
        R'G'B' of BT.709 for a display of gamma 2.4 (Rec. ITU-R BT.1886), 0 to 1, shape = (..., 3).
    """
    light = _light(signal, colours.transfer)
    if colours.primaries in _TO_709:
        light = np.maximum(light @ _TO_709[colours.primaries].T, 0)
    if colours.is_high_range:
        most = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
        peak = _NOMINAL_PEAK_NITS if colours.transfer == "arib-std-b67" else colours.peak_nits
        light = light * (_pressed(most, peak / REFERENCE_WHITE_NITS) / most)
    shown: Floats = np.minimum(light, 1) ** (1 / _DISPLAY_GAMMA)
    return shown


def table_text(colours: ColourSpace) -> str:
    """Write the table of the film's colours for all of a kind, in the format of `.cube` files, red fastest."""
    steps = np.linspace(0, 1, TABLE_SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    rows = to_film(np.stack([red, green, blue], axis=-1), colours).reshape(-1, 3)
    lines = [f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows.tolist()]
    return "\n".join([f"LUT_3D_SIZE {TABLE_SIZE}", *lines, ""])


def _light(signal: Floats, transfer: str) -> Floats:
    """Linear light of a signal, 1 at reference white (Rec. ITU-R BT.2100, tables 4 and 5)."""
    if transfer == "smpte2084":
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = signal ** (1 / m2)
        pq: Floats = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * (_MOST_NITS / REFERENCE_WHITE_NITS)
        return pq
    if transfer == "arib-std-b67":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)  # noqa: PLR2004 - the standard's
        luma = np.maximum(scene @ _LUMA_2020, 1e-9)[..., None]
        hlg: Floats = scene * luma**0.2 * (_NOMINAL_PEAK_NITS / REFERENCE_WHITE_NITS)
        return hlg
    sdr: Floats = signal**_DISPLAY_GAMMA
    return sdr


def _pressed(light: Floats, peak: float) -> Floats:
    """Press light between the knee and the peak together, so that the peak becomes 1; smooth at the knee.

    It is the Möbius function of ffmpeg's tonemap filter and of mpv.
    """
    if peak <= 1:
        return np.minimum(light, 1.0)
    knee = _KNEE
    a = -(knee**2) * (peak - 1) / (knee**2 - 2 * knee + peak)
    b = (knee**2 - 2 * knee * peak + peak) / (peak - 1)
    scale = (b**2 + 2 * b * knee + knee**2) / (b - a)
    above = np.clip(light, knee, peak)
    return np.where(light <= knee, light, scale * (above + a) / (above + b))
