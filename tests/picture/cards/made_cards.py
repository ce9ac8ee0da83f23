"""Made-up facts for cards: three networks, a voice of noise bursts, losses that fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.picture.cards.facts import CardFacts, Envelope, LossCurve, NetworkLayer
from pipeline.picture.drawing.marks import Drawing, Edges, TextMark, ink_edges
from pipeline.picture.sandbox.values import NamedFacts
from pipeline.picture.text.typesetting import Typesetter

TITLES = ("First try: a small network", "Second try: twice the neurons", "Third try: two networks in one")
CARDS = ("title", "section", "recap", "comparison", "credits", "thumbnail")
NETWORK = (
    NetworkLayer("byte", 256, "bytes"),
    NetworkLayer("embed", 110),
    NetworkLayer("LSTM", 680, "recurrent"),
    NetworkLayer("LSTM", 680, "recurrent"),
    NetworkLayer("next", 256, "bytes"),
)


def section_words(number: int, title: str) -> dict[str, Any]:
    last = (2.6, 2.1, 1.62)[number % 3]
    return {
        "number": number + 1,
        "title": title,
        "takes": 8 + number,
        "network": {
            "name": "LSTM, 2 \u00d7 680 neurons",
            "kind": "lstm",
            "layers": 2,
            "neurons": 680,
            "embedding": 110,
            "dropout": 0.1,
            "parameters": 5_123_456,
            "tiers": "",
        },
        "recording": {
            "duration_s": 31.4,
            "sample_rate_hz": 11025,
            "encoding": "mu-law",
            "encoding_name": "\u00b5-law",
            "voice": voice_words(2) | {"pitch_hz": 121.4, "voiced_share": 0.71},
        },
        "training": {
            "recipe": "torch-rnn",
            "batch": 50,
            "sequence": 50,
            "learning_rate": 0.002,
            "iterations": iterations(number),
            "epochs": 35.0,
            "elapsed_s": 3723.0,
            "checkpoints": 33,
            "device": "cpu",
            "device_name": "CPU",
            "seed": 1,
        },
        "loss": {"first_nats": 5.545, "last_nats": last, "best_nats": last - 0.01, "best_iteration": 900},
        "sampling": {"temperature": "1", "seed": 1, "prime_s": 0.0},
        "run": None,
        "take": {"voice": voice_words(number)},
    }


def voice_words(number: int) -> dict[str, Any]:
    """The first network has found no pitch, and no pauses."""
    return {
        "voiced_share": (0.02, 0.38, 0.62)[number % 3],
        "pitch_hz": (None, 143.2, 118.1)[number % 3],
        "pause_s": (0.0, 0.21, 0.24)[number % 3],
    }


def iterations(number: int) -> int:
    return (300, 1200, 4000)[number % 3]


def card_facts(
    card: str, *, titles: Sequence[str] = TITLES, title: str = "A neural network learns to speak", subtitle: str = ""
) -> CardFacts:
    sections = [section_words(number, text) for number, text in enumerate(titles)]
    said = {
        "title": title,
        "subtitle": subtitle,
        "author": "",
        "recording_credit": "Voice: a machine, reading texts of our own",
        "language": "en",
    }
    software = ["build-video 1.0", "Python 3.11"]
    words: dict[str, Any] = {
        **said,
        "film": {
            **said,
            "sections": len(sections),
            "is_comparable": True,
            "has_runs": False,
            "recordings_s": 94.2,
            "parameters": 15_370_368,
            "iterations": 5500,
        },
        "sections": sections,
        "software": software,
        "machine": NamedFacts("2 CPU cores, Linux x86_64", {"software": software}),
    }
    section = {"section": 0, "recap": 1}.get(card)
    section = min(section, len(sections) - 1) if section is not None else None
    if section is not None:
        words["section"] = sections[section]
    curves = tuple(curve(number) for number in range(len(sections)))
    own = curves[section] if section is not None else None
    heard = tuple(own.validation_iterations[::2].tolist()) if own is not None else ()
    return CardFacts(words, section, NETWORK if card == "section" else (), voice(), curves, own, heard)


def curve(number: int) -> LossCurve:
    last = section_words(number, "")["loss"]["last_nats"] / math.log(2)
    steps = np.arange(iterations(number))
    noise = 0.2 * np.random.default_rng(number).standard_normal(steps.size)
    checkpoints = np.unique(np.concatenate([[0], np.geomspace(2, steps.size, 14).astype(np.int64)]))

    def loss(at: np.ndarray) -> np.ndarray:
        return last + (8 - last) * np.exp(-np.log1p(at) / 1.6)

    return LossCurve(steps, loss(steps) + noise, checkpoints, loss(checkpoints), number)


def voice() -> Envelope:
    rng = np.random.default_rng(5)
    loudness = np.repeat(rng.random(60) ** 2, 200)
    return Envelope.of((0.3 * loudness * rng.standard_normal(loudness.size)).astype(np.float32), 2048)


def text_edges(drawing: Drawing, typesetter: Typesetter) -> list[Edges]:
    """The box around each text's ink."""
    edges = [ink_edges(mark, typesetter) for mark in drawing.marks if isinstance(mark, TextMark)]
    return [edge for edge in edges if edge[2] > edge[0]]
