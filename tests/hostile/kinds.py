"""The kinds of input that a stranger may send, each with how one is spoiled, and with the doors that it goes through.

A kind makes a case: it writes the spoiled input into the folder and returns what reads it, through public functions
alone. Whatever is written goes into the folder `out` beside it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipeline.build.stage_order import check_all, survey
from pipeline.byte_text.table import read_table
from pipeline.ffmpeg.formats import recognise
from pipeline.film.delivery.chapters import metadata_text, platform_chapters
from pipeline.film.delivery.check import check_file
from pipeline.film.delivery.otio import as_otio
from pipeline.film.delivery.subtitles import as_subrip, as_webvtt, cues_of
from pipeline.film.encoding.encoder import EncoderPlan, plan_encoder
from pipeline.film.inputs.chain import FootageChain
from pipeline.film.inputs.footage import content_hash, probe, shown_seconds
from pipeline.film.inputs.frames import FootageFrames, encode_footage
from pipeline.film.inputs.stills import read_logo, read_still
from pipeline.film.planning.settings import InsertSettings, VideoSettings
from pipeline.film.timeline.segments import split
from pipeline.film.timeline.timeline import Film, Segment, Timeline
from pipeline.learning.corpus import Corpus, load_bytes
from pipeline.learning.models.checkpoint import load_checkpoint
from pipeline.learning.sampling.take import CandidateSet, Take
from pipeline.learning.training.loss_log import HEADER, read_columns
from pipeline.learning.training.run import TrainingRun
from pipeline.picture.cards.card import CardPicture
from pipeline.picture.cards.drawing import draw_card, load_card_template
from pipeline.picture.panels.layout import load_layout
from pipeline.picture.text.fonts import Face
from pipeline.picture.text.templating import check_text, render_caption, render_text
from pipeline.picture.text.typesetting import TextStyle, typesetter_for
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import load_production
from pipeline.sound.inputs.decode import decode, load_music
from pipeline.stages.shared.facts.vocabulary import CAPTION_FACTS
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.inventory import inventory
from pipeline.store.store import Piece, Store, read_record
from pipeline.tables.dialect import DialectOptions
from pipeline.tools.byte_text.command import AudioOptions, FromTextOptions, run_from_text
from pipeline.tools.graph.command import run_graph
from pipeline.tools.graph.options import GraphOptions
from pipeline.tools.graph.theme import load_graph_theme
from pipeline.tools.graph.writers.pdf_fonts import embedded_font
from tests.hostile import seeds, songs
from tests.hostile.runs import run
from tests.hostile.spoiling import as_toml, spoiled_bytes, spoiled_tree
from tests.picture.cards.made_cards import card_facts
from tests.picture.panels.made_scenes import frame_of, scene, scene_data

Read = Callable[[], object]
Case = Callable[[Path, random.Random], Read]

SIZE: Final = (160, 90)
_FACTS: Final[Mapping[str, Any]] = {
    **dict.fromkeys([*(CAPTION_FACTS.fields or {}), *CAPTION_FACTS.former], 3.25),
    "film": "A film",
    "iteration": 12_345,
    "takes": 8,
    "sections": [{"title": "One"}, {"title": "Two"}],
}


def _bytes_of(files: Mapping[str, bytes], rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(sorted(files))
    return name, spoiled_bytes(files[name], rng, tuple(files.values()))


def _toml(texts: Sequence[bytes], trees: Sequence[Any], rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return spoiled_bytes(rng.choice(texts), rng, tuple(texts))
    return as_toml(spoiled_tree(rng.choice(trees), rng)).encode("utf-8", "surrogatepass")


# Words


def production(folder: Path, rng: random.Random) -> Read:
    (folder / "production.toml").write_bytes(_toml(seeds.production_texts(), seeds.production_trees(), rng))
    (folder / "recordings").mkdir()
    (folder / "recordings" / "voice.wav").write_bytes(seeds.sounds()["wav"])
    (folder / "clip.mp4").write_bytes(seeds.films()["mp4"])
    (folder / "one.wav").write_bytes(seeds.sounds()["wav"])
    (folder / "two.flac").write_bytes(seeds.sounds()["flac"])

    def read() -> None:
        found = load_production(folder)
        check_all(found.draft())
        survey(found, Workplace(Store(folder / "out" / "work"), folder / "out"), "train")

    return read


def caption(folder: Path, rng: random.Random) -> Read:
    text = spoiled_bytes(rng.choice(seeds.CAPTIONS).encode(), rng, (b"{{ film|join(sections) }}", b"{% if seed %}"))
    path = folder / "take.txt"
    path.write_bytes(text)
    told = text.decode("utf-8", "replace")

    def read() -> None:
        check_text(told, CAPTION_FACTS, path.name)
        assert len(render_text(told, _FACTS)) < 30_000
        render_caption(told, _FACTS)

    return read


def _templates(folder: Path, kind: str, name: str, data: bytes) -> Path:
    own = folder / "templates"
    (own / kind).mkdir(parents=True)
    (own / kind / name).write_bytes(data)
    return own


def theme(folder: Path, rng: random.Random) -> Read:
    data = _toml(seeds.template_texts("themes"), seeds.template_trees("themes"), rng)
    own = _templates(folder, "themes", "mine.toml", data)

    def read() -> None:
        try:
            load_graph_theme("mine", own)
        finally:
            typesetter_for(load_theme("mine", own))

    return read


def layout(folder: Path, rng: random.Random) -> Read:
    data = _toml(seeds.template_texts("layouts"), seeds.template_trees("layouts"), rng)
    own = _templates(folder, "layouts", "mine.toml", data)

    def read() -> None:
        found = load_layout("mine", own)
        frame_of(scene(_scene_data(), layout=found), _scene_data(), 200)

    return read


@lru_cache(maxsize=1)
def _scene_data() -> Any:
    return scene_data(*SIZE)


def card(folder: Path, rng: random.Random) -> Read:
    data = _toml(seeds.template_texts("cards"), seeds.template_trees("cards"), rng)
    own = _templates(folder, "cards", "title.toml", data)

    def read() -> None:
        facts = card_facts("section")
        found = load_card_template("title", own, tuple(facts.words))
        draw_card(found, facts, load_theme("midnight"), SIZE)

    return read


def font(folder: Path, rng: random.Random) -> Read:
    data = seeds.template_texts("themes")[0].decode() + '\n[fonts]\nfiles = ["mine.ttf"]\n'
    own = _templates(folder, "themes", "mine.toml", data.encode())
    (own / "mine.ttf").write_bytes(spoiled_bytes(seeds.font(), rng))

    def read() -> None:
        found = typesetter_for(load_theme("mine", own))
        found.measure("Ab\u0416 1.5", TextStyle(20.0))
        embedded_font(Face(own / "mine.ttf"), TextStyle(20.0), "Ab1.5", 0)

    return read


# Sound and pictures


def sound(folder: Path, rng: random.Random) -> Read:
    name, data = _bytes_of(seeds.sounds(), rng)
    path = folder / f"voice.{name}"
    path.write_bytes(data)
    if rng.random() < 0.2:
        return lambda: load_music(path, 48_000)
    return lambda: decode(path, sample_rate_hz=8000, channels=rng.choice((1, 2)), first_s=20.0)


def recognised(folder: Path, rng: random.Random) -> Read:
    name, data = _bytes_of({**seeds.sounds(), **seeds.films(), **seeds.pictures()}, rng)
    path = folder / f"any.{name}"
    path.write_bytes(data)
    return lambda: recognise(path)


def _plan() -> EncoderPlan:
    return plan_encoder(VideoSettings(width=SIZE[0], height=SIZE[1], frame_rate=Fraction(10), quality="draft"))


def footage(folder: Path, rng: random.Random) -> Read:
    name, data = _bytes_of(seeds.films(), rng)
    path = folder / f"clip.{name}"
    path.write_bytes(data)
    settings = InsertSettings(file=path.name, fit=rng.choice(("crop", "pad")))
    (folder / "out").mkdir()

    def read() -> None:
        content_hash(path)
        found = probe(path)
        seconds = min(0.2, shown_seconds(found, settings))
        frames = max(1, round(seconds * 10))
        chain = FootageChain(found, settings, SIZE, Fraction(10), frames, folder / "out")
        with FootageFrames(chain) as shown:
            shown.draw(frames - 1, np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8))
        encode_footage(chain, first=0, end=frames, path=folder / "out" / "clip.mp4", plan=_plan())

    return read


def picture(folder: Path, rng: random.Random) -> Read:
    name, data = _bytes_of(seeds.pictures(), rng)
    path = folder / f"logo.{name}"
    path.write_bytes(data)
    (folder / "out").mkdir()
    settings = InsertSettings(file=path.name, fit=rng.choice(("crop", "pad")))

    def read() -> None:
        found = probe(path)
        if not found.is_still:  # some pictures begin like sounds
            return
        read_still(path)
        read_logo(path)
        with FootageFrames(FootageChain(found, settings, SIZE, Fraction(10), 2, folder / "out")) as shown:
            shown.draw(0, np.zeros((SIZE[1] * 3 // 2, SIZE[0]), np.uint8))

    return read


# Logs and text


def log(folder: Path, rng: random.Random) -> Read:
    path = folder / "loss.csv"
    good = [text.encode() for text in (seeds.LOG, *seeds.OTHER_LOGS)]
    path.write_bytes(spoiled_bytes(rng.choice(good), rng, (*good, b"a b\n1 2\n")))
    target = folder / "out" / f"graph.{rng.choice(('png', 'svg', 'webp', 'pdf'))}"
    target.parent.mkdir()
    dialect = DialectOptions(decimal_comma=rng.choice((None, None, True, False)))
    options = GraphOptions(logs=(str(path),), width=200, height=120, dialect=dialect, x=rng.choice(("", "line", "1")))
    return lambda: run_graph(options, str(target))


def loss_log(folder: Path, rng: random.Random) -> Read:
    text = f"{HEADER}\n" + "".join(f"{n},{n / 9:.4f},{n},0.002,{5.5 - n / 50:.4f},\n" for n in range(40))
    path = folder / "loss.csv"
    path.write_bytes(spoiled_bytes(text.encode(), rng))

    def read() -> None:
        read_columns(path)

    return read


def byte_text(folder: Path, rng: random.Random) -> Read:
    from pipeline.byte_text.table import STANDARD_CHARACTERS, STANDARD_TABLE, table_text  # noqa: PLC0415

    path, table = folder / "said.txt", folder / "table.txt"
    path.write_bytes(spoiled_bytes((STANDARD_CHARACTERS * 3).encode(), rng))
    table.write_bytes(spoiled_bytes(table_text(STANDARD_TABLE).encode(), rng))
    (folder / "out").mkdir()
    audio = AudioOptions() if rng.random() < 0.3 else None
    unknown = rng.choice((None, "skip", 128))
    options = FromTextOptions(str(path), str(folder / "out" / "bytes"), None, unknown, rng.random() < 0.5, audio)
    return (lambda: run_from_text(options)) if rng.random() < 0.6 else (lambda: read_table(table))


# What is kept


def checkpoint(folder: Path, rng: random.Random) -> Read:
    files = dict(seeds.checkpoint())
    names = sorted(files)
    spoiled = rng.choice(names)
    if spoiled.endswith(".json") and rng.random() < 0.6:
        files[spoiled] = json.dumps(spoiled_tree(json.loads(files[spoiled]), rng)).encode()
    else:
        files[spoiled] = spoiled_bytes(files[spoiled], rng, tuple(files.values()))
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return lambda: load_checkpoint(next(folder / name for name in names if name.endswith(".json")))


@lru_cache(maxsize=1)
def _records() -> dict[str, tuple[type[Any], dict[str, Any]]]:
    return {
        "Corpus": (Corpus, _corpus()),
        "TrainingRun": (TrainingRun, _run()),
        "Take": (Take, _take()),
        "CandidateSet": (CandidateSet, {"candidates": [_candidate()], "closest": 1}),
        "CardPicture": (CardPicture, _card()),
        "Segment": (Segment, {"start_frame": 0, "end_frame": 30, "encoder": "libx264"}),
        "Film": (Film, _film()),
        "Timeline": (Timeline, timeline_tree()),
    }


def record(folder: Path, rng: random.Random) -> Read:
    kind, tree = _records()[rng.choice(sorted(_records()))]
    text = json.dumps(spoiled_tree(tree, rng)).encode()
    (folder / "record.json").write_bytes(spoiled_bytes(text, rng) if rng.random() < 0.3 else text)
    return lambda: read_record(folder, kind)


def stored(folder: Path, rng: random.Random) -> Read:
    """A whole store whose manifest, record or notes were spoiled, and the arrays in it."""
    store = Store(folder / "out" / "work")
    piece = Piece("prepare", "section-1", 1, {"made": "up"})
    with store.publish(piece) as inside:
        (inside / "bytes.npy").write_bytes(seeds.arrays()["bytes.npy"])
        (inside / "record.json").write_text(json.dumps(_corpus()))
    names = [*sorted(store.folder(piece).iterdir()), *sorted((store.root / "prepare" / "names").iterdir())]
    path = rng.choice(names)
    if path.suffix == ".json" and rng.random() < 0.6:
        path.write_text(json.dumps(spoiled_tree(json.loads(path.read_text()), rng)))
    else:
        path.write_bytes(spoiled_bytes(path.read_bytes(), rng))
    again = Store(store.root)

    def read() -> None:
        again.state(piece)
        inventory(again)
        found = again.result(piece, Corpus)
        if found is not None:
            load_bytes(found.record, found.folder)

    return read


def array(folder: Path, rng: random.Random) -> Read:
    from pipeline.learning.sampling.generation import _saved_state  # noqa: PLC0415

    name, data = _bytes_of(seeds.arrays(), rng)
    (folder / name).write_bytes(data)
    if name.endswith(".npz"):
        return lambda: _saved_state(folder / name)
    return lambda: load_bytes(Corpus.model_validate(_corpus()), folder)


def timeline(folder: Path, rng: random.Random) -> Read:
    text = json.dumps(spoiled_tree(timeline_tree(), rng)).encode()
    data = spoiled_bytes(text, rng) if rng.random() < 0.2 else text
    (folder / "record.json").write_bytes(data)
    (folder / "timeline.json").write_bytes(data)
    film = folder / "film.mp4"
    through_ffmpeg = rng.random() < 0.1
    film.write_bytes(seeds.films()["mp4"] if through_ffmpeg else b"\0\0\0\x08moov")

    def read() -> None:
        if through_ffmpeg:
            check_file(film)
            return
        found = read_record(folder, Timeline)
        if found.total_frames < 100_000:
            split(found)
        platform_chapters(found)
        metadata_text(found, found.chapters, {"title": found.title})
        as_otio(found, "film.mp4")
        cues = cues_of(found, {"title": ["One", found.title]})
        as_subrip(cues, found)
        as_webvtt(cues, found)

    return read


def film(folder: Path, rng: random.Random) -> Read:
    """A film beside a timeline, for `check`."""
    (folder / "timeline.json").write_text(json.dumps(timeline_tree()))
    path = folder / "film.mp4"
    path.write_bytes(spoiled_bytes(seeds.films()["mp4"], rng, tuple(seeds.films().values())))
    return lambda: check_file(path)


def _corpus() -> dict[str, Any]:
    return {
        "sample_rate_hz": 8000,
        "encoding": "mu-law",
        "total_samples": 200,
        "train_samples": 180,
        "duration_s": 0.025,
        "silence_share": 0.0,
        "dc_offset": 0.0,
        "clipped_samples": 0,
        "recordings": [{"name": "voice.wav", "duration_s": 0.025, "sample_rate_hz": 8000}],
    }


def _run() -> dict[str, Any]:
    point = {"iteration": 8, "epoch": 1.0, "elapsed_s": 2.0, "validation_loss_nats": 5.0, "training_loss_nats": None}
    return {
        "checkpoints": [{**point, "weights_file": "weights-8.safetensors", "json_file": "weights-8.json"}],
        "network": {"kind": "lstm"},
        "training": {},
        "recipe": {},
        "parameters": 12,
        "iterations": 8,
        "epochs": 1.0,
        "elapsed_s": 2.0,
        "first_validation_nats": 5.5,
        "last_validation_nats": 5.0,
        "best_validation_nats": 5.0,
        "best_iteration": 8,
        "device": "cpu",
        "warnings": [],
    }


def _candidate() -> dict[str, Any]:
    names = {"bytes_file": "candidate-01.npy", "listen_file": "candidate-01.wav"}
    return {**names, "temperature": 1.0, "distance": 0.5, "level_db": -20.0, "flatness": 0.1}


def _take() -> dict[str, Any]:
    how = {"iteration": 8, "samples": 200, "sample_rate_hz": 8000, "encoding": "mu-law", "seed": 1}
    return {**how, "temperature": 1.0, "precision": "int16", "candidates": [_candidate()]}


def _card() -> dict[str, Any]:
    layer = {"layer_file": "layer-1.png", "x_px": 2, "y_px": 2, "delay_s": 0.1}
    size = {"width": 160, "height": 90, "background": "#000000"}
    return {"name": "title", "template": "x", **size, "pages": [{"picture_file": "page.png", "layers": [layer]}]}


def _film() -> dict[str, Any]:
    size = {"width": 64, "height": 48, "frame_rate": "30/1", "total_frames": 30, "duration_s": 1.0, "size_bytes": 9}
    return {"video_file": "film.mp4", "files": ["film.mp4", "film.srt"], **size, "video_codec": "libx264"}


def timeline_tree() -> dict[str, Any]:
    """A film of a title, a scene and credits."""
    sounds = [
        {"kind": "recording", "start_frame": 30, "end_frame": 60, "caption": "The recording"},
        {"kind": "take", "start_frame": 60, "end_frame": 120, "iteration": 8, "caption": "8", "epoch": 1.0},
    ]
    scene_clip = {
        "kind": "scene",
        "section": 0,
        "start_frame": 30,
        "end_frame": 120,
        "sounds": sounds,
        "key_points": [{"frame": 30, "iteration": 0}, {"frame": 60, "iteration": 8}, {"frame": 120, "iteration": 9}],
    }
    return {
        "title": "A film",
        "width": 64,
        "height": 48,
        "frame_rate": "15/1",
        "total_frames": 150,
        "clips": [
            {"kind": "card", "card": "title", "start_frame": 0, "end_frame": 30},
            scene_clip,
            {"kind": "insert", "insert": 0, "start_frame": 120, "end_frame": 135},
            {"kind": "card", "card": "credits", "start_frame": 135, "end_frame": 150},
        ],
        "captions": [{"text": "It learns", "in_frame": 60, "out_frame": 100, "section": 0}],
        "chapters": [{"frame": 0, "title": "Title"}, {"frame": 30, "title": "One"}, {"frame": 135, "title": "End"}],
        "sections": [
            {
                "title": "One",
                "network": "LSTM",
                "parameters": 9,
                "iterations": 9,
                "epochs": 1.0,
                "elapsed_s": 2.0,
                "corpus_seconds": 3.0,
                "sample_rate_hz": 8000,
                "first_validation_nats": 5.5,
                "last_validation_nats": 5.0,
                "best_validation_nats": 5.0,
            }
        ],
    }


@dataclass(frozen=True)
class Kind:
    """A kind of input; `share` is how often it is drawn against the others, `slow` says that ffmpeg reads it."""

    make: Case
    share: int
    slow: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "production": Kind(production, 5),
    "caption": Kind(caption, 10),
    "theme": Kind(theme, 5),
    "layout": Kind(layout, 4),
    "card": Kind(card, 4),
    "font": Kind(font, 3),
    "recognised": Kind(recognised, 10),
    "sound": Kind(sound, 4, slow=True),
    "footage": Kind(footage, 1, slow=True),
    "film": Kind(film, 1, slow=True),
    "picture": Kind(picture, 6),
    "log": Kind(log, 6),
    "loss log": Kind(loss_log, 6),
    "byte text": Kind(byte_text, 6),
    "checkpoint": Kind(checkpoint, 8),
    "record": Kind(record, 6),
    "stored": Kind(stored, 4),
    "array": Kind(array, 5),
    "timeline": Kind(timeline, 8),
    "run": Kind(run, 4),
    "melody": Kind(songs.melody, 6),
    "lyrics": Kind(songs.lyrics, 2),
    "voice bank": Kind(songs.voice_bank, 3),
}


def drawn(rng: random.Random, *, slow: bool) -> str:
    """Draw a kind, among those that ffmpeg reads or among the others."""
    names = [name for name, kind in KINDS.items() if kind.slow is slow]
    return rng.choices(names, [KINDS[name].share for name in names])[0]


def warm_up() -> None:
    """Compile and load what the first input of a kind would wait for."""
    seeds.sounds()
    seeds.films()
    frame_of(scene(_scene_data()), _scene_data(), 100)
    draw_card(load_card_template("title"), card_facts("title"), load_theme("midnight"), SIZE)
