"""The vocabulary of facts: every name that templates may use, with what it means.

Cards, captions, descriptions and subtitles have the same tree: `film`, `section` and `sections` with their `network`,
`corpus`, `training`, `loss` and `sampling`; captions also what is measured on the take that is heard. A table that
stands for its name, such as `section`, is printed as that name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_VOICE: Final = {
    "voiced_share": "Share with a pitch.",
    "pitch_hz": "Median pitch.",
    "pitch_low_hz": "Low end of the pitch.",
    "pitch_high_hz": "High end of the pitch.",
    "pause_share": "Share that is paused.",
    "pause_s": "Median length of the pauses.",
    "loudness_range_db": "From its quiet to its loud parts.",
    "vowel_share": "Share like a vowel.",
    "formant_1_hz": "Median first formant.",
    "formant_2_hz": "Median second formant.",
    "silence_share": "Share that is silent.",
    "clipped_share": "Share that is clipped.",
}
_SECTION: Final = {
    "number": "Counted from 1.",
    "title": "Its title, for which `section` stands.",
    "takes": "How many takes are heard.",
    "network.name": "What viewers call it, for which `section.network` stands.",
    "network.kind": "lstm or tiered-lstm.",
    "network.layers": "Recurrent layers.",
    "network.neurons": "Neurons of each layer.",
    "network.embedding": "Numbers that a byte becomes.",
    "network.dropout": "Share of activations left out while training.",
    "network.parameters": "Trained numbers.",
    "network.tiers": "What its tiers do, of a tiered network.",
    "corpus.duration_s": "Seconds of the recordings.",
    "corpus.sample_rate_hz": "Samples a second.",
    "corpus.encoding": "linear-u8 or mu-law.",
    "corpus.encoding_name": "What viewers call it.",
    "corpus.samples": "Samples of the recordings.",
    "corpus.silence_share": "Share of them that is silent.",
    "corpus.recordings": "Names of the files.",
    "training.recipe": "The recipe's name.",
    "training.batch": "Sequences in a batch.",
    "training.sequence": "Bytes of a sequence.",
    "training.learning_rate": "Of the optimiser, at first.",
    "training.seed": "Of the weights and the order.",
    "training.iterations": "Optimiser updates.",
    "training.epochs": "Passes over the training bytes.",
    "training.elapsed_s": "Seconds of training.",
    "training.checkpoints": "How many were kept.",
    "training.device": "Where it was trained: cpu, cuda ...",
    "training.device_name": "What viewers call it.",
    "loss.first_nats": "Validation loss before training, nats per byte (the filter bits turns it into bits).",
    "loss.last_nats": "Validation loss at the last checkpoint, nats per byte.",
    "loss.best_nats": "Lowest validation loss, nats per byte.",
    "loss.best_iteration": "The iteration of that.",
    "sampling.temperature": "At which takes were sampled.",
    "sampling.seed": "Of the draws.",
    "sampling.prime_s": "Seconds of the recording before each take.",
    **{f"voice.{name}": f"Of the takes, measured: {text}" for name, text in _VOICE.items()},
    **{f"voice.recording.{name}": f"Of the recording: {text}" for name, text in _VOICE.items()},
    "run": "The facts of a run of another program; nothing for networks of this one.",
}

FACTS: Final[Mapping[str, str]] = {
    "title": "The film's title.",
    "subtitle": "The line below it.",
    "author": "Who made the film.",
    "recording_credit": "Whose voice it is.",
    "language": "The film's language (BCP 47).",
    "film.title": "The film's title, for which `film` stands.",
    "film.subtitle": "The line below it.",
    "film.author": "Who made the film.",
    "film.recording_credit": "Whose voice it is.",
    "film.language": "The film's language (BCP 47).",
    "film.sections": "How many sections there are.",
    "film.is_comparable": "Whether all losses are measured on the same sound.",
    "film.has_runs": "Whether a section shows a run of another program.",
    "film.recordings_s": "Seconds of all recordings.",
    "film.parameters": "Trained numbers of all networks.",
    "film.iterations": "Optimiser updates of all networks.",
    "film.training_s": "Seconds of all trainings.",
    "film.takes": "How many takes are heard.",
    **{f"sections.{name}": meaning for name, meaning in _SECTION.items()},
    "software": "Names and versions of what the film is made with.",
    "machine": "Its processor and system.",
}
"""What each fact of cards means; `section.` has those of `sections.` for its own section."""

CAPTION_MEANINGS: Final[Mapping[str, str]] = {
    "iteration": "Of the checkpoint that is heard.",
    "epoch": "Passes over the training bytes up to it.",
    "trained_s": "Seconds of training up to it.",
    "loss_nats": "Its validation loss, nats per byte.",
    "training_loss_nats": "Its training loss, nats per byte.",
    "loss": "Its validation loss in the unit of its log.",
    "loss_unit": "That unit.",
    "take": "Which of the section's takes it is, counted from 1.",
    "takes": "How many there are.",
    "seconds": "How long it is shown.",
    "temperature": "At which it was sampled.",
    "seed": "Of its draws.",
    "is_noise": "Whether it is plain noise.",
    "is_first_noise": "Whether it is the first such take.",
    "noise_lowered_db": "By how much it is lowered as noise; nothing where it is not.",
    "finding": "What was found in it: copied, pitch, same_pitch, pauses, vowel; or nothing.",
    "finding_is_first": "Whether no take before had that.",
    "voiced_share": "Share of it with a pitch.",
    "pitch_hz": "Its median pitch.",
    "pause_share": "Share of it that is paused.",
    "pause_s": "Median length of its pauses.",
    "vowel_share": "Share of it like a vowel.",
    "formant_1_hz": "Its median first formant.",
    "formant_2_hz": "Its median second formant.",
    "copied_s": "Seconds that are copied from the recording.",
    "copied_from_s": "Where in the recording.",
    "recording_voiced_share": "The same of the recording.",
    "recording_pitch_hz": "The same of the recording.",
    "recording_pause_s": "The same of the recording.",
    "recording_formant_1_hz": "The same of the recording.",
}
"""What captions of takes may name beside `film`, `section` and `network`."""

OLD_CAPTION_NAMES: Final[Mapping[str, str]] = {
    "section_number": "section.number",
    "sections": "film.sections",
    "recording_seconds": "section.corpus.duration_s",
    "sample_rate_hz": "section.corpus.sample_rate_hz",
    "encoding": "section.corpus.encoding",
    "network": "section.network",
    "parameters": "section.network.parameters",
    "iterations": "section.training.iterations",
    "epochs": "section.training.epochs",
    "elapsed_s": "section.training.elapsed_s",
    "first_loss_nats": "section.loss.first_nats",
    "last_loss_nats": "section.loss.last_nats",
    "best_loss_nats": "section.loss.best_nats",
}
"""Names that captions had before there was one tree, and go on having."""


def listed(facts: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, Any]]:
    """Every fact by its dotted name; those of sections once for each, as `sections[0].title`."""
    for key, value in facts.items():
        name = f"{group}.{key}" if group else key
        if isinstance(value, Mapping) and key != "run":
            yield from listed(value, name)
        elif key == "sections" and isinstance(value, list):
            for index, section in enumerate(value):
                yield from listed(section, f"{name}[{index}]")
        else:
            yield name, value


def meaning(name: str) -> str:
    """What a fact with a dotted name means."""
    head, bracket, rest = name.partition("[")
    return FACTS.get(head + rest.partition("]")[2] if bracket else name, "")
