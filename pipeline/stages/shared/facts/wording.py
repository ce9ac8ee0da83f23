"""What networks and encodings are called in front of viewers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pipeline.learning.models.network import parse_network
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language

_ENCODINGS: Final = {"linear-u8": "sound.linear", "mu-law": "sound.mu_law"}


def encoding_name(encoding: str, language: Language) -> str:
    """What an encoding is called in front of viewers."""
    return language.text(_ENCODINGS[encoding])


def network_name(network: Mapping[str, Any], language: Language) -> str:
    """What a network is called in front of viewers: `LSTM, 3 x 680 neurons`."""
    settings = parse_network(network)
    size = f"{settings.layers} \u00d7 {settings.neurons}" if settings.layers > 1 else f"{settings.neurons}"
    return language.text(f"network.{settings.kind.replace('-', '_')}", size=size, count=settings.neurons)


def run_facts(trained: TrainingRun, language: Language) -> dict[str, Any]:
    """The facts of a training as a whole, for the timeline."""
    return {
        "network": network_name(trained.network, language),
        "parameters": trained.parameters,
        "iterations": trained.iterations,
        "epochs": trained.epochs,
        "elapsed_s": trained.elapsed_s,
    }
