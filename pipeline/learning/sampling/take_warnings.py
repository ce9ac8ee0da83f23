"""Warnings about a section's takes, with their numbers, and what to do.

This module is pure: records in, words out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.learning.sampling.take import Take

_MUCH_SILENCE: Final = 0.5
_MUCH_CLIPPED: Final = 0.005
_LONG_COPY_S: Final = 0.1


def take_warnings(takes: Sequence[Take]) -> list[str]:
    """Warn of what is wrong with a section's takes; what the untrained network generates is noise by nature."""
    trained = [take for take in takes if take.iteration > 0]
    late = trained[2 * len(trained) // 3 :]
    warnings = []
    for fault, wrong in (
        (f"at least {_MUCH_SILENCE:.0%} silence", [t for t in trained if t.facts.silence_share >= _MUCH_SILENCE]),
        (f"clipped (more than {_MUCH_CLIPPED:.1%})", [t for t in late if t.facts.clipped_share > _MUCH_CLIPPED]),
        ("noise", [t for t in late if t.facts.noise]),
    ):
        if wrong:
            named = ", ".join(f"{take.iteration:,}" for take in wrong[:6]) + (", ..." if len(wrong) > 6 else "")  # noqa: PLR2004
            warnings.append(
                f"{len(wrong)} of {len(takes)} takes are {fault}: iteration {named}; "
                "another temperature, more candidates or a prime_s may help"
            )
    copied = max(trained, key=lambda take: take.facts.copied_samples, default=None)
    if copied is not None and copied.facts.copied_samples > _LONG_COPY_S * copied.sample_rate_hz:
        facts, rate_hz = copied.facts, copied.sample_rate_hz
        warnings.append(
            f"the take of iteration {copied.iteration:,} repeats {facts.copied_samples:,} bytes "
            f"({facts.copied_samples / rate_hz:.2f} s) of the training data word for word, from "
            f"{facts.copied_from_sample / rate_hz:.1f} s on: the network has learned it by heart; "
            "use more speech, fewer neurons, some dropout, or an earlier checkpoint"
        )
    return warnings


def dead_air_cut(takes: Sequence[Take]) -> str:
    """Say which takes of a section had dead air that was cut; nothing where none had."""
    cut = [take for take in takes if take.facts.cut_s > 0]
    if not cut:
        return ""
    named = ", ".join(f"{take.iteration:,} ({take.facts.cut_s:.1f} s)" for take in cut[:6]) + ", ..." * (len(cut) > 6)  # noqa: PLR2004
    return (
        f"dead air, longer than any pause of the recording, was cut from {len(cut)} of {len(takes)} takes: iteration "
        f"{named}; what is left of them is shown; sampling.trim_silence = false keeps it"
    )
