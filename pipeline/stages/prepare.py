"""prepare: recordings become a corpus of bytes, one a section; those beside a run stay as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from pipeline.learning.corpus import Corpus, RecordingFacts
from pipeline.picture.theme.theme import check_theme, load_theme
from pipeline.production.recordings import check_recording
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Reporter, WorkStart
from pipeline.runtime.wording.plurals import counted
from pipeline.sound.corpus.corpus import CorpusSound, make_corpus
from pipeline.sound.corpus.sound_warnings import short_note, sound_warnings
from pipeline.sound.settings import CORPUS_FIRST_VERSION, CorpusSettings
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.runs.recording import make_recording, recording_piece
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import remembered_sha256
from pipeline.store.ingredients import settings_ingredients
from pipeline.store.store import Json, Piece, Result, write_record

STAGE = "prepare"
VERSION = 2

_MUCH_SILENCE = 0.6
_MUCH_CLIPPED = 1e-4
_MUCH_DC = 0.02


def pieces(production: Production, results: Results) -> list[Piece]:  # noqa: ARG001 - all stages are asked alike
    """One corpus a section, determined by its settings and by the recordings' contents.

    Raises
    ------
    RecordingError
        Where a recording is missing or is none.
    """
    return [_piece(production, section) for section in range(len(production.sections))]


def check(production: Production) -> None:
    """Check that every recording is there, and is one.

    Raises
    ------
    RecordingError
        Where one is missing or is none.
    """
    for section in range(len(production.sections)):
        for path in production.recording_paths(section):
            check_recording(path)


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Make the corpora that are not fresh; first of all, warn of what someone may not be able to read."""
    for fault in check_theme(load_theme(production.video.theme, production.templates_folder)):
        workplace.report.warn(f"the theme '{production.video.theme}': {fault}")
    corpora = [
        _corpus(production, section, piece, workplace)
        if production.sections[section].run is None
        else make_recording(production, section, piece, workplace)
        for section, piece in enumerate(pieces(production, results))
    ]
    return replace(results, corpora=tuple(corpora))


def _piece(production: Production, section: int) -> Piece:
    if production.sections[section].run is not None:
        return recording_piece(production, section)
    recordings: list[Json] = [
        {
            "name": normalize("NFC", path.name),
            "content": _content_hash(path),
            **({} if track is None else {"track": track}),
        }
        for path, track in production.sound_sources(section)
    ]
    settings = settings_ingredients(production.sections[section].corpus, CORPUS_FIRST_VERSION)
    return Piece(STAGE, f"section-{section + 1}", VERSION, {"corpus": settings, "recordings": recordings})


def _tracks(production: Production, section: int) -> list[int | None]:
    return [track for _, track in production.sound_sources(section)]


def _content_hash(path: Path) -> str:
    check_recording(path)  # before its content is read: it may be missing, endless or no recording at all
    return remembered_sha256(path)


def _corpus(production: Production, section: int, piece: Piece, workplace: Workplace) -> Result[Corpus]:
    if STAGE not in workplace.force and (result := workplace.store.result(piece, Corpus)) is not None:
        return result
    paths = production.recording_paths(section)
    settings = production.sections[section].corpus
    report = workplace.report
    report.begin(WorkStart(STAGE, piece.name, float(len(paths)), "recordings"))
    with workplace.store.publish(piece) as folder:
        sound = make_corpus(
            paths,
            folder / Corpus.model_fields["bytes_file"].default,
            folder / Corpus.model_fields["listen_file"].default,
            settings,
            tracks=_tracks(production, section),
            on_recording=lambda index, seconds: report.advance(float(index), f"{paths[index].name}, {seconds:.0f} s"),
        )
        corpus = _record(sound, settings)
        write_record(folder, corpus)
    report.advance(float(len(paths)))
    _report(piece.name, sound, corpus, report)
    results = workplace.store.published(piece, Corpus)
    report.note(f"{piece.name}: what the network is trained on: {results.path(corpus.listen_file)}")
    return results


def _record(sound: CorpusSound, settings: CorpusSettings) -> Corpus:
    return Corpus(
        sample_rate_hz=settings.sample_rate_hz,
        encoding=settings.encoding,
        total_samples=sound.total_samples,
        train_samples=sound.train_samples,
        duration_s=sound.total_samples / settings.sample_rate_hz,
        silence_share=sound.silence_share,
        dc_offset=sound.dc_offset,
        clipped_samples=sound.clipped_samples,
        recordings=tuple(
            RecordingFacts(
                name=normalize("NFC", own.path.name), duration_s=own.duration_s, sample_rate_hz=own.sample_rate_hz
            )
            for own in sound.recordings
        ),
    )


def _report(name: str, sound: CorpusSound, corpus: Corpus, report: Reporter) -> None:
    """Say what was found, and what may spoil the learning."""
    report.note(
        f"{name}: {corpus.duration_s:.1f} s at {corpus.sample_rate_hz} Hz ({corpus.encoding}), "
        f"{corpus.silence_share:.0%} silence, DC offset {round(corpus.dc_offset, 4) or 0.0:+.2%}, "
        f"{counted(corpus.clipped_samples, 'clipped sample')}"
    )
    for own in sound.recordings:
        for note in own.notes:
            report.note(f"{own.path.name}: {note}")
        for warning in own.warnings:
            report.warn(f"{own.path.name}: {warning}")
        source_samples = own.duration_s * own.sample_rate_hz
        if own.is_damaged:
            report.warn(
                f"{own.path.name} is damaged: {own.duration_s:.1f} s of it could be read; export "
                "the recording again, if you can"
            )
        if own.clipped_samples > _MUCH_CLIPPED * source_samples:
            report.warn(f"{own.path.name}: {own.clipped_samples} samples are clipped; record with a lower level")
        if abs(own.dc_offset) > _MUCH_DC:
            report.warn(f"{own.path.name}: a DC offset of {own.dc_offset:+.1%} was removed; check the sound card")
    judged = [(own.path.name, own.peak, own.quality) for own in sound.recordings if own.quality is not None]
    for warning in sound_warnings(judged):
        report.warn(warning)
    if note := short_note(corpus.duration_s):
        report.note(f"{name}: {note}")
    if corpus.silence_share > _MUCH_SILENCE:
        report.warn(f"{name}: {corpus.silence_share:.0%} is silence; trim_silence = true shortens it")
