"""compose: segments and soundtrack become the finished film, with everything that goes with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import ffmpeg
from pydantic import BaseModel, ConfigDict

from pipeline.audio.formats import FILM_RATE_HZ
from pipeline.errors import FootageError, StageError
from pipeline.ffmpeg.formats import recognise
from pipeline.ffmpeg.process import file_argument
from pipeline.ffmpeg.process import run as run_ffmpeg
from pipeline.film.delivery.chapters import metadata_text
from pipeline.film.delivery.check import check_film
from pipeline.film.delivery.delivery_spec import SPEC_FILE, DeliverySpec
from pipeline.film.delivery.spec import deliver, missing
from pipeline.film.encoding.container import join, three_letters
from pipeline.film.encoding.encoder import BITEXACT
from pipeline.film.inputs.footage import SOUND_BYTES_PER_SAMPLE, content_hash
from pipeline.film.timeline.timeline import Film, InsertClip, Segment, Timeline
from pipeline.picture.text.template_checks import FormerName
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import Reporter, WorkStart
from pipeline.sound.inputs.decode import load_music
from pipeline.sound.soundtrack.mastering import loudness_warnings, write_plain
from pipeline.sound.soundtrack.placement import Placement, lay_music
from pipeline.sound.soundtrack.soundtrack import mixed
from pipeline.stages.shared.checks import existing_file
from pipeline.stages.shared.delivery import graph_pictures
from pipeline.stages.shared.delivery.film_name import check_film_names, film_name
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.facts.former import note_former_names
from pipeline.stages.shared.insert_sound import insert_path, insert_placements, insert_samples
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.sounds import heard_in, samples_of
from pipeline.stages.shared.sidecars import (
    THUMBNAIL,
    WORDS,
    check_sidecars,
    sidecar_templates,
    subtitle_languages,
    write_sidecars,
)
from pipeline.stages.shared.songs.placing import song_placements
from pipeline.stages.shared.sound_encoding import encode_at_loudness
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import atomic_write_text, require_room
from pipeline.store.names import PlainName
from pipeline.store.store import Json, Piece, Result, write_record

STAGE: Final = "compose"
VERSION: Final = 5
FILM_VERSION: Final = 4
_BYTES_PER_SAMPLE: Final = 10
"""Of the soundtrack while it is mixed: four or eight for the bus, six for the WAV."""
_MIXING_SHARE: Final = 0.25
"""Of the soundtrack's time; the rest goes to encoding and measuring it."""


class Soundtrack(BaseModel):
    """The encoded soundtrack: AAC packets without the priming one, and what was measured on what comes out of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sound_file: PlainName = "soundtrack.aac"
    lossless_file: PlainName = "soundtrack.flac"
    """The same before it was encoded, for those who cut it into films of their own."""
    total_samples: int
    loudness_lufs: float | None
    """None where it is silent."""
    true_peak_dbtp: float | None
    is_held_down: bool = False
    """Whether a softer film than wanted is right: the limiter may lower its peaks no further."""
    warnings: tuple[str, ...] = ()


def check(production: Production) -> None:
    """Check the film's name, the templates of what goes with it, and the music.

    Raises a ProductionError, a TemplateError or a FootageError.
    """
    names_of_before(production)
    if production.sound.music is not None:
        recognise(existing_file(production, production.sound.music, "sound.music"), FootageError)


def names_of_before(production: Production) -> tuple[FormerName, ...]:
    """Check the film's name and what goes with it, as `check` does; returns the names in them that are others now."""
    return (*check_film_names(production), *check_sidecars(production))


def pieces(production: Production, results: Results) -> list[Piece]:
    """Return the soundtrack, the pictures of graphs, and the film."""
    sound = _soundtrack_piece(production, results)
    timeline = _timeline(results)
    ingredients: dict[str, Json] = {
        "name": film_name(production, results),
        "segments": [segment.content_hash for segment in results.segments],
        "soundtrack": sound.key,
        "timeline": timeline.content_hash,
        "thumbnail": [card.content_hash for card in results.cards if card.record.name == THUMBNAIL],
        "templates": list(sidecar_templates(production)),
        "words": {
            name: str(getattr(production, name)) for name in ("subtitle", "author", "recording_credit", "language")
        },
    }
    if languages := subtitle_languages(production, timeline.record):
        ingredients["subtitle tracks"] = list(languages)
    if identity := language_of(production).identity(*WORDS):
        ingredients["language"] = identity
    film = Piece(STAGE, production.piece_name("film"), FILM_VERSION, ingredients)
    return [sound, *graph_pictures.pieces(production, results), film]


def run(production: Production, results: Results, workplace: Workplace) -> Results:
    """Compose the film where it is not fresh, and put it where the user finds it."""
    store = workplace.store
    film_piece = pieces(production, results)[-1]
    forced = STAGE in workplace.force
    sound = soundtrack(production, results, workplace)
    graph_pictures.run(production, results, workplace)
    film = None if forced else store.result(film_piece, Film)
    if film is None:
        film = _make_film(production, results, sound, film_piece, workplace)
    deliver(film.folder, reversed(film.record.files), workplace.output)  # the video last: where it is, everything is
    return replace(results, film=film)


def undelivered(production: Production, results: Results, workplace: Workplace) -> tuple[str, ...]:
    """Name the files of a fresh film that don't lie where the user looks for them."""
    film = workplace.store.result(pieces(production, results)[-1], Film)
    if film is None:
        return ()
    absent = missing(film.folder, film.record.files, workplace.output)
    return (*absent, *graph_pictures.undelivered(production, results, workplace))


def soundtrack(production: Production, results: Results, workplace: Workplace) -> Result[Soundtrack]:
    """Make the soundtrack, unless it is fresh."""
    piece = _soundtrack_piece(production, results)
    found = None if STAGE in workplace.force else workplace.store.result(piece, Soundtrack)
    return found or _make_soundtrack(production, results, piece, workplace)


def made_soundtrack(production: Production, results: Results, workplace: Workplace) -> Result[Soundtrack] | None:
    """The soundtrack where it is made already."""
    return workplace.store.result(_soundtrack_piece(production, results), Soundtrack)


def write_plain_mix(production: Production, results: Results, path: Path, report: Reporter) -> None:
    """Write the soundtrack's mix as a WAV file, quickly: at its level, but neither limited nor encoded.

    Parameters
    ----------
    path
        The file; its folder is there.
    """
    timeline, settings = _timeline(results).record, production.sound
    total = timeline.clock.sample_at(timeline.total_frames)
    with TemporaryDirectory(dir=path.parent) as aside:
        placements = list(_placements(production, results, Path(aside), report))
        with mixed(placements, total, Path(aside) / "scratch", settings) as bus:
            write_plain(bus, path, settings)


def _timeline(results: Results) -> Result[Timeline]:
    if results.timeline is None:
        raise StageError("There is no timeline to compose.", hint="Run build-video storyboard first.")
    return results.timeline


def _soundtrack_piece(production: Production, results: Results) -> Piece:
    timeline = _timeline(results).record
    sounds: list[Json] = [
        [
            sound.start_frame,
            sound.end_frame,
            sound.source_start_s,
            heard_in(results.corpora, results.takes, scene.section, sound).content_hash,
        ]
        for scene in timeline.scenes()
        for sound in scene.sounds
        if sound.kind != "silence"
    ]
    settings = production.sound
    music = production.resolve(str(settings.music), "sound.music") if settings.music is not None else None
    cards: list[Json] = [[card.start_frame, card.end_frame, card.name] for card in timeline.cards()]
    ingredients: dict[str, Json] = {
        "sound": settings.model_dump(mode="json"),
        "music": content_hash(music) if music is not None else None,
        "bit rate": production.video.audio_kbit_per_s,
        "film": [timeline.total_frames, str(timeline.frame_rate)],
        "sounds": sounds,
        "inserts": [
            [
                clip.start_frame,
                clip.end_frame,
                production.inserts[clip.insert].model_dump(mode="json"),
                content_hash(insert_path(production, clip.insert)),
            ]
            for clip in timeline.clips
            if isinstance(clip, InsertClip)
        ],
        "cards": cards if settings.under_cards == "recording" else None,
        "recordings": [corpus.content_hash for corpus in results.corpora]
        if settings.under_cards == "recording"
        else None,
    }
    if timeline.songs():
        ingredients["songs"] = [
            [clip.start_frame, clip.end_frame, results.songs[clip.song].content_hash] for clip in timeline.songs()
        ]
    if _is_hurried(production):
        ingredients["hurried"] = True
    if ingredients["inserts"]:
        ingredients["level of inserts"] = "voices"
    return Piece(STAGE, production.piece_name("soundtrack"), VERSION, ingredients)


def _is_hurried(production: Production) -> bool:
    return production.video.quality == "draft"


def _placements(production: Production, results: Results, aside: Path, report: Reporter) -> Iterator[Placement]:
    timeline, settings = _timeline(results).record, production.sound
    clock = timeline.clock
    for scene in timeline.scenes():
        for sound in scene.sounds:
            if sound.kind == "silence":
                continue
            source = heard_in(results.corpora, results.takes, scene.section, sound)
            yield Placement(
                start_sample=clock.sample_at(sound.start_frame),
                length_samples=clock.samples_between(sound.start_frame, sound.end_frame),
                source=samples_of(source, round(sound.source_start_s * source.record.sample_rate_hz)),
                sample_rate_hz=source.record.sample_rate_hz,
                kind=sound.kind,
            )
    if settings.under_cards == "recording":
        for card in timeline.cards():
            if card.section is not None and results.corpora[card.section].record.duration_s > 0:
                corpus = results.corpora[card.section]
                yield Placement(
                    start_sample=clock.sample_at(card.start_frame),
                    length_samples=clock.samples_between(card.start_frame, card.end_frame),
                    source=samples_of(corpus),
                    sample_rate_hz=corpus.record.sample_rate_hz,
                    kind="bed",
                )
    yield from song_placements(timeline, results)
    yield from insert_placements(production, timeline, aside, report)
    if settings.under_cards == "music" and settings.music is not None:
        path = production.resolve(str(settings.music), "sound.music")
        music = load_music(path, FILM_RATE_HZ, report.note, report.warn)
        yield from lay_music(music, FILM_RATE_HZ, clock.sample_at(timeline.total_frames))


def _make_soundtrack(
    production: Production, results: Results, piece: Piece, workplace: Workplace
) -> Result[Soundtrack]:
    timeline, report, settings = _timeline(results).record, workplace.report, production.sound
    total = timeline.clock.sample_at(timeline.total_frames)
    report.begin(WorkStart(STAGE, "soundtrack", 1.0, "share"))
    aside_bytes = insert_samples(production, timeline) * SOUND_BYTES_PER_SAMPLE
    require_room(workplace.store.root, total * _BYTES_PER_SAMPLE + aside_bytes, "to mix the soundtrack")
    with workplace.store.publish(piece) as folder, TemporaryDirectory(dir=folder) as aside:
        wav, aac = folder / "soundtrack.wav", folder / Soundtrack.model_fields["sound_file"].default
        placements = list(_placements(production, results, Path(aside), report))
        scratch = folder / "soundtrack.scratch"
        with mixed(
            placements,
            total,
            scratch,
            settings,
            on_progress=lambda share: report.advance(_MIXING_SHARE * share),
        ) as bus:
            encoded = encode_at_loudness(
                bus,
                wav,
                aac,
                settings,
                kbit_per_s=production.video.audio_kbit_per_s,
                hurried=_is_hurried(production),
                on_progress=lambda share: report.advance(_MIXING_SHARE + (1.0 - _MIXING_SHARE) * share),
            )
        lossless = file_argument(folder / Soundtrack.model_fields["lossless_file"].default)
        options = {"c:a": "flac", **BITEXACT, "format": "flac", "y": None}
        kept = ffmpeg.output(ffmpeg.input(file_argument(wav)), lossless, **options)
        run_ffmpeg(ffmpeg.get_args(kept), timeout_s=3600, purpose="keeping the soundtrack")
        wav.unlink()
        loudness, peak = encoded.loudness.integrated_lufs, encoded.loudness.true_peak_dbtp
        warnings = loudness_warnings(loudness, settings)
        write_record(
            folder,
            Soundtrack(
                total_samples=total,
                loudness_lufs=round(loudness, 2) if math.isfinite(loudness) else None,
                true_peak_dbtp=round(peak, 2) if math.isfinite(peak) else None,
                is_held_down=encoded.is_held_down,
                warnings=warnings,
            ),
        )
    report.advance(1.0)
    for warning in warnings:
        report.warn(warning)
    return workplace.store.published(piece, Soundtrack)


def _make_film(
    production: Production, results: Results, sound: Result[Soundtrack], piece: Piece, workplace: Workplace
) -> Result[Film]:
    timeline, report = _timeline(results).record, workplace.report
    note_former_names(report, names_of_before(production))
    report.begin(WorkStart(STAGE, "film", 1.0, "share"))  # nearly all is the check, which tells nothing on its way
    parts = [segment.path(segment.record.video_file) for segment in results.segments]
    parts.append(sound.path(sound.record.sound_file))
    require_room(workplace.store.root, sum(part.stat().st_size for part in parts), "for the film")
    with workplace.store.publish(piece) as folder:
        path = folder / f"{film_name(production, results)}.mp4"
        subtitles = write_sidecars(production, results, timeline, path, report.note)
        join(
            [(segment.path(segment.record.video_file), segment.record.frames) for segment in results.segments],
            sound=sound.path(sound.record.sound_file),
            metadata=metadata_text(timeline, timeline.chapters, _tags(production)),
            frame_rate=timeline.frame_rate,
            language=production.language,
            out=path,
            workspace=folder,
            subtitles=subtitles,
        )
        spec = _spec(production, results.segments, sound.record)
        tracks = tuple(three_letters(language) for _, language in subtitles)
        spec = spec.model_copy(update={"subtitles": tracks, "video_file": path.name})
        atomic_write_text(folder / SPEC_FILE, spec.model_dump_json(indent=1) + "\n")
        report.advance(0.0, "checking the film")
        check_film(path, timeline, spec)
        film = _facts(timeline, results.segments, path, sound.record)
        write_record(folder, film)
    report.advance(1.0, "checked")
    report.note(_summary(film))
    return workplace.store.published(piece, Film)


def _summary(film: Film) -> str:
    """Say what has come out."""
    loud = "silent"
    if film.sound_loudness_lufs is not None:
        loud = f"{film.sound_loudness_lufs:.1f} LUFS, true peak {film.sound_true_peak_dbtp:.1f} dBTP"
    shape = f"{film.width}x{film.height}, {float(film.frame_rate):.5g} frames/s"
    return f"Decoded and checked: {film.duration_s:.2f} s, {shape}, {film.size_bytes / 1e6:.1f} MB, {loud}."


def _tags(production: Production) -> Mapping[str, str]:
    tags = {"title": production.title, "artist": production.author, "comment": production.subtitle}
    return {name: text for name, text in tags.items() if text}


def _spec(production: Production, segments: Sequence[Result[Segment]], sound: Soundtrack) -> DeliverySpec:
    settings, found = production.sound, sound.loudness_lufs
    decoders = {"libx265": "hevc", "libsvtav1": "av1"}
    return DeliverySpec(
        codec=decoders.get(segments[0].record.encoder, "h264"),
        lossless=production.video.quality == "lossless",
        loudness_lufs=found,
        target_lufs=settings.loudness_lufs if found is not None and found >= settings.quiet_below_lufs else None,
        true_peak_dbtp=settings.true_peak_dbtp,
        limiter_db=settings.limiter_db,
        is_held_down=sound.is_held_down,
    )


def _facts(timeline: Timeline, segments: Sequence[Result[Segment]], path: Path, sound: Soundtrack) -> Film:
    names = sorted(file.name for file in path.parent.iterdir() if file != path)
    return Film(
        video_file=path.name,
        files=(path.name, *names),
        width=timeline.width,
        height=timeline.height,
        frame_rate=timeline.frame_rate,
        total_frames=timeline.total_frames,
        duration_s=round(float(timeline.duration_s), 3),
        size_bytes=path.stat().st_size,
        video_codec=segments[0].record.encoder,
        sound_loudness_lufs=sound.loudness_lufs,
        sound_true_peak_dbtp=sound.true_peak_dbtp,
    )
