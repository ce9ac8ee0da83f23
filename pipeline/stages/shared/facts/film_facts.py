"""The facts of a film in words and numbers, for card and caption templates and for the timeline.

This module owns what things are called in front of viewers. It does not know templates.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pipeline.audio.measures.record import VoiceMeasures
from pipeline.film.planning.nearest import loss_of
from pipeline.learning.corpus import Corpus
from pipeline.learning.models.network import parse_network
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.language import Language
from pipeline.production.schema import Production
from pipeline.production.section import Section
from pipeline.runs.stored import RunLosses
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.facts import in_nats, run_facts_of, run_words
from pipeline.stages.shared.sections.checkpoints import section_checkpoints
from pipeline.stages.shared.sections.comparing import comparable_kinds

_SOFTWARE: Final = (("build-video", "build-video"), ("PyTorch", "torch"), ("NumPy", "numpy"))
_DEVICES: Final = {"cpu": "machine.cpu", "cuda": "machine.gpu"}
_MEASURES: Final = (
    *("voiced_share", "pitch_hz", "pitch_low_hz", "pitch_high_hz", "pause_share", "pause_s", "loudness_range_db"),
    *("vowel_share", "formant_1_hz", "formant_2_hz", "silence_share", "clipped_share"),
)
_ENCODINGS: Final = {"linear-u8": "sound.linear", "mu-law": "sound.mu_law"}


def film_facts(production: Production, results: Results, language: Language) -> Mapping[str, Any]:
    """All that the template of a card of the whole film may name."""
    sections = [_section_facts(production, results, index, language) for index in range(len(production.sections))]
    return {
        "title": production.title,
        "subtitle": production.subtitle,
        "author": production.author,
        "recording_credit": production.recording_credit,
        "language": production.language,
        "film": {
            "sections": len(sections),
            "is_comparable": len(set(comparable_sections(results))) == 1,
            "has_runs": any(section.run is not None for section in production.sections),
            "recordings_s": sum(corpus.record.duration_s for corpus in results.corpora),
            "parameters": sum(section["network"]["parameters"] or 0 for section in sections),
            "iterations": sum(section["training"]["iterations"] for section in sections),
            "training_s": sum(section["training"]["elapsed_s"] or 0.0 for section in sections),
            "takes": sum(len(takes) for takes in results.takes),
        },
        "sections": sections,
        "software": _software(),
        "machine": language.text(
            "machine.cores", count=os.cpu_count() or 1, system=f"{platform.system()} {platform.machine()}"
        ),
    }


def _section_facts(production: Production, results: Results, index: int, language: Language) -> Mapping[str, Any]:
    section, corpus, trained = production.sections[index], results.corpora[index].record, results.runs[index].record
    if not isinstance(trained, TrainingRun) or not isinstance(corpus, Corpus):
        return _run_section_facts(production, results, index, language)
    return {
        "number": index + 1,
        "title": section.title,
        "takes": len(results.takes[index]) if index < len(results.takes) else 0,
        "network": _network_facts(trained, language),
        "corpus": _corpus_facts(corpus, language),
        "training": _training_facts(trained, language),
        "loss": {
            "first_nats": trained.first_validation_nats,
            "last_nats": trained.last_validation_nats,
            "best_nats": trained.best_validation_nats,
            "best_iteration": trained.best_iteration,
        },
        "sampling": _sampling_facts(section, language),
        "voice": _voice_facts(results, index),
        "run": None,
    }


def _run_section_facts(production: Production, results: Results, index: int, language: Language) -> Mapping[str, Any]:
    """The same names for a run of another program; None or empty for what is not known of it."""
    corpus, trained = results.corpora[index].record, results.runs[index]
    settings, losses = production.sections[index].run, trained.record
    assert settings is not None and isinstance(losses, RunLosses)  # noqa: S101, PT018 - such is a run
    checkpoints = section_checkpoints(production, index, trained)
    shown, unit = run_facts_of(settings, losses, checkpoints, language)
    takes = results.takes[index] if index < len(results.takes) else ()
    last = max([losses.last_iteration, *(one.iteration for one in checkpoints)])
    named = {label.casefold(): value for label, value in shown.facts}
    return {
        "number": index + 1,
        "title": production.sections[index].title,
        "takes": len(takes),
        "network": {
            **dict.fromkeys(("kind", "layers", "neurons", "embedding", "dropout", "parameters")),
            "name": named.get("network", ""),
            "tiers": "",
        },
        "corpus": {
            **dict.fromkeys(("samples", "silence_share")),
            **dict.fromkeys(("encoding", "encoding_name"), ""),
            "duration_s": corpus.duration_s,
            "sample_rate_hz": takes[-1].record.sample_rate_hz if takes else None,
            "recordings": [recording.name for recording in corpus.recordings],
        },
        "training": {
            **dict.fromkeys(("batch", "sequence", "learning_rate", "seed")),
            **dict.fromkeys(("recipe", "device", "device_name"), ""),
            "iterations": last,
            "epochs": checkpoints[-1].epoch if checkpoints else None,
            "elapsed_s": checkpoints[-1].elapsed_s if checkpoints else None,
            "checkpoints": len(checkpoints),
        },
        "loss": {
            "first_nats": in_nats(shown.first_loss, unit),
            "last_nats": in_nats(shown.last_loss, unit),
            "best_nats": in_nats(shown.best_loss, unit),
            "best_iteration": min(checkpoints, key=lambda one: loss_of(one.point)).iteration if checkpoints else None,
        },
        "sampling": {"temperature": "", "seed": None, "prime_s": None},
        "voice": _voice_facts(results, index),
        "run": run_words(shown),
    }


def _voice_facts(results: Results, index: int) -> Mapping[str, Any]:
    """What was measured on the last take that is heard and on the recording; None for what was not."""
    scenes = results.timeline.record.scenes() if results.timeline is not None else ()
    scene = next((scene for scene in scenes if scene.section == index), None)
    takes = [sound.voice for sound in scene.sounds if sound.kind == "take"] if scene is not None else []
    own, recording = takes[-1] if takes else None, scene.recording_voice if scene is not None else None
    return {**_measures(own), "recording": _measures(recording)}


def _measures(voice: VoiceMeasures | None) -> dict[str, float | None]:
    return {name: getattr(voice, name, None) for name in _MEASURES}


def comparable_sections(results: Results) -> tuple[int, ...]:
    """A number for each section: losses of sections with the same one are measured on the same sound."""
    return comparable_kinds(results.corpora, results.runs)


def encoding_name(encoding: str, language: Language) -> str:
    """What an encoding is called in front of viewers."""
    return language.text(_ENCODINGS[encoding])


def network_name(network: Mapping[str, Any], language: Language) -> str:
    """What a network is called in front of viewers: `LSTM, 3 x 680 neurons`."""
    settings = parse_network(network)
    size = f"{settings.layers} \u00d7 {settings.neurons}" if settings.layers > 1 else f"{settings.neurons}"
    return language.text(f"network.{settings.kind.replace('-', '_')}", size=size, count=settings.neurons)


def run_facts(trained: TrainingRun, language: Language) -> dict[str, Any]:
    """The facts of a training as a whole, for captions and the timeline."""
    return {
        "network": network_name(trained.network, language),
        "parameters": trained.parameters,
        "iterations": trained.iterations,
        "epochs": trained.epochs,
        "elapsed_s": trained.elapsed_s,
    }


def caption_run_facts(trained: TrainingRun, language: Language) -> dict[str, Any]:
    """The same for captions, with its losses."""
    return {
        **run_facts(trained, language),
        "first_loss_nats": trained.first_validation_nats,
        "last_loss_nats": trained.last_validation_nats,
        "best_loss_nats": trained.best_validation_nats,
    }


def _network_facts(trained: TrainingRun, language: Language) -> Mapping[str, Any]:
    network = parse_network(trained.network)
    common = network.model_dump(include={"kind", "layers", "neurons", "embedding", "dropout"})
    tiers = ""
    if widths := network.fast_widths:
        fast = f"{len(widths)} \u00d7 {widths[0]}"
        tiers = language.text("network.tiers", group=network.group, size=fast)
    return {**common, "name": network_name(trained.network, language), "parameters": trained.parameters, "tiers": tiers}


def _corpus_facts(corpus: Corpus, language: Language) -> Mapping[str, Any]:
    return {
        "duration_s": corpus.duration_s,
        "sample_rate_hz": corpus.sample_rate_hz,
        "encoding": corpus.encoding,
        "encoding_name": encoding_name(corpus.encoding, language),
        "samples": corpus.total_samples,
        "silence_share": corpus.silence_share,
        "recordings": [recording.name for recording in corpus.recordings],
    }


def _training_facts(trained: TrainingRun, language: Language) -> Mapping[str, Any]:
    recipe, device = trained.recipe, _DEVICES.get(trained.device.split(":")[0])
    return {
        "recipe": str(recipe.get("name", trained.training.get("recipe", ""))),
        **{name: recipe.get(name) for name in ("batch", "sequence", "learning_rate", "seed")},
        "iterations": trained.iterations,
        "epochs": trained.epochs,
        "elapsed_s": trained.elapsed_s,
        "checkpoints": len(trained.checkpoints),
        "device": trained.device,
        "device_name": trained.device if device is None else language.text(device),
    }


def _sampling_facts(section: Section, language: Language) -> Mapping[str, Any]:
    temperatures = [temperature for _, temperature in section.sampling.curve()]
    low, high = min(temperatures), max(temperatures)
    shown = language.compact(low) if low == high else language.text("sampling.range", low=low, high=high)
    return {"temperature": shown, "seed": section.sampling.seed, "prime_s": section.sampling.prime_s}


def _software() -> list[str]:
    found = []
    for name, package in _SOFTWARE:
        try:
            found.append(f"{name} {version(package).split('+')[0]}")
        except PackageNotFoundError:
            continue  # run from its source, without being installed
    return [*found[:1], f"Python {platform.python_version()}", *found[1:]]
