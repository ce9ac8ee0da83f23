"""Coverage-guided fuzzing of the parsers that are ours: `python -m tests.fuzz --seconds 60 [--target NAME]`.

Needs atheris (`pip install "build-video[fuzz]"`), which watches which lines an input reaches and keeps those that reach
new ones. Each target runs in a process of its own, for its share of the seconds; whatever is no success and no clear
error is a crash, and its input is kept. Prints a table, and one line of JSON; exits with 1 where there was a crash.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BuildVideoError

_COMPILED: Final = (
    *("pipeline.byte_text.kernels", "pipeline.picture.drawing.blend", "pipeline.picture.plotting.columns"),
    *("pipeline.picture.drawing.planes", "pipeline.picture.cards.animation", "pipeline.picture.drawing.tile_cache"),
)
"""What numba compiles can't be watched."""
_ROOT: Final = Path(__file__).resolve().parents[1]
_LONGEST_INPUT: Final = 8192
_TIMEOUT_S: Final = 20
_MEMORY_MIB: Final = 2048


@dataclass(frozen=True)
class Target:
    """A parser: the modules that are watched, the inputs to begin with, and what reads an input."""

    modules: tuple[str, ...]
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]


def _module(name: str) -> Any:
    return import_module(f"pipeline.{name}")


def _written(path: Path, name: str, data: bytes) -> Path:
    goal = path / name
    goal.write_bytes(data)
    return goal


def _production(data: bytes, folder: Path) -> None:
    found = _module("production.schema").load_production(_written(folder, "film.toml", data))
    found.draft()


def _caption(data: bytes, _folder: Path) -> None:
    kinds = import_module("tests.hostile.kinds")
    _module("picture.text.templating").render_text(data.decode("utf-8", "surrogateescape"), kinds._FACTS)


def _words(data: bytes, _folder: Path) -> None:
    filters = _module("picture.text.number_words").filters_for(_module("picture.language").english())
    name, _, rest = data.partition(b"\0")
    chosen = filters.get(name.decode("utf-8", "replace"))
    if chosen is None:
        return
    with suppress(ValueError, TypeError, IndexError, OverflowError):  # templates tell these as errors of their own
        value, *more = json.loads(rest.decode("utf-8", "replace"))
        chosen(value, *more)


def _template(kind: str, model: str, module: str) -> Callable[[bytes, Path], None]:
    def read(data: bytes, folder: Path) -> None:
        path = _written(folder, f"{kind}.toml", data)
        found = _module("picture.theme.template_files").read_template(path, getattr(_module(module), model))
        if kind == "theme":
            list(_module(module).check_theme(found))
        if kind == "card":
            _module("picture.cards.filling").check_template(found, ("title", "sections", "section"), "card")

    return read


def _graph_theme(data: bytes, folder: Path) -> None:
    (folder / "themes").mkdir(exist_ok=True)
    _written(folder / "themes", "mine.toml", data)
    _module("tools.graph.theme").load_graph_theme("mine", folder)


def _timeline(data: bytes, folder: Path) -> None:
    found = _module("store.store").read_record(
        _written(folder, "record.json", data).parent, _module("film.timeline.timeline").Timeline
    )
    _module("film.delivery.chapters").platform_chapters(found)
    _module("film.delivery.chapters").metadata_text(found, found.chapters, {"title": found.title})
    _module("film.delivery.otio").as_otio(found, "film.mp4")
    subtitles = _module("film.delivery.subtitles")
    cues = subtitles.cues_of(found, {"title": [found.title]})
    subtitles.as_subrip(cues, found)
    subtitles.as_webvtt(cues, found)


def _checkpoint(data: bytes, folder: Path) -> None:
    from tests.hostile import seeds  # noqa: PLC0415

    for name, good in seeds.checkpoint().items():
        spoiled = data if name.endswith(".safetensors") else good
        path = _written(folder, name, spoiled)
    _module("learning.models.checkpoint").load_checkpoint(path.with_suffix(".json"))


def _checkpoint_record(data: bytes, folder: Path) -> None:
    _module("learning.models.checkpoint").load_checkpoint(_written(folder, "weights-1.json", data))


def _loss_log(data: bytes, folder: Path) -> None:
    module, path = _module("learning.training.loss_log"), _written(folder, "loss.csv", data)
    module.read_columns(path)


def _csv(data: bytes, folder: Path) -> None:
    options = _module("tables.dialect").DialectOptions(decimal_comma=data[:1] == b";" or None)
    path = _written(folder, "log.csv", data)
    _module("tables.table").read_table(str(path), options, lambda dialect: [-1, *range(min(4, len(dialect.names)))])


def _table(data: bytes, folder: Path) -> None:
    module = _module("byte_text.table")
    found = module.read_table(_written(folder, "table.txt", data))
    assert module.read_table(_written(folder, "again.txt", module.table_text(found).encode())) == found


def _from_text(data: bytes, _folder: Path) -> None:
    module = _module("byte_text.codec")
    module.convert_from_text(io.BytesIO(data), io.BytesIO(), unknown=(None, "skip", 128)[len(data) % 3])


def _media(data: bytes, folder: Path) -> None:
    _module("ffmpeg.formats").recognise(_written(folder, "any.wav", data))


def _picture(data: bytes, folder: Path) -> None:
    module, path = _module("film.inputs.stills"), _written(folder, "any.png", data)
    if module.is_still(path):
        module.read_still(path)


def _boxes(data: bytes, folder: Path) -> None:
    _module("film.delivery.check")._index_of(_written(folder, "film.mp4", data))


def _packets(data: bytes, _folder: Path) -> None:
    assert b"".join(_module("film.encoding.container").adts_packets(data)) == data


def _melody(data: bytes, folder: Path) -> None:
    tune = _module("song.notes.reading").read_tune(_written(folder, "tune", data), "song 1")
    phrases = _module("song.lyrics.phrases").from_file(tune.tracks[0].line())
    _module("song.mix.sung_midi").midi_of([("one", phrases, 0.0)])


def _oto(data: bytes, _folder: Path) -> None:
    module, text = _module("song.voices.oto"), _module("song.notes.texts").decoded(data)
    for entry in module.read_oto(text, "x"):
        assert module.is_inside(entry.file)
        begin, end = entry.span_s(1.0)
        assert 0 <= begin < end <= 1
    module.read_prefixes(text)


def _lyrics(data: bytes, folder: Path) -> None:
    module = _module("song.lyrics.text")
    for line in module.read_lines(_written(folder, "lyrics.txt", data), "song 1").values():
        module.lyric_line(line)


def _frame_rate(data: bytes, _folder: Path) -> None:
    with suppress(ValueError):  # pydantic's way to be told
        _module("film.planning.frame_rate").parse_frame_rate(data.decode("utf-8", "replace"))


def _time(data: bytes, _folder: Path) -> None:
    _module("outputs.preview").parse_time(data.decode("utf-8", "replace"))


def _good(name: str, *arguments: str) -> Callable[[], Sequence[bytes]]:
    def make() -> Sequence[bytes]:
        from tests.hostile import seeds  # noqa: PLC0415

        found = getattr(seeds, name)(*arguments)
        return list(found.values()) if isinstance(found, dict) else list(found)

    return make


def _tunes() -> Sequence[bytes]:
    from tests.hostile.songs import melodies  # noqa: PLC0415

    return list(melodies().values())


def _captions() -> Sequence[bytes]:
    from tests.hostile import seeds  # noqa: PLC0415

    return [text.encode() for text in seeds.CAPTIONS]


def _timelines() -> Sequence[bytes]:
    from tests.hostile.kinds import timeline_tree  # noqa: PLC0415

    return [json.dumps(timeline_tree()).encode()]


def _checkpoints(ending: str) -> Callable[[], Sequence[bytes]]:
    def make() -> Sequence[bytes]:
        from tests.hostile import seeds  # noqa: PLC0415

        return [data for name, data in seeds.checkpoint().items() if name.endswith(ending)]

    return make


_LOGS: Final = (
    b"iteration,epoch,elapsed_s,learning_rate,training_loss_nats,validation_loss_nats\n1,0.1,2,0.002,5.5,\n",
    b'# a comment\nx;y\n1,5;"2"\n3;NA\n',
    b"a b\n1 2e3\n-4 inf\n",
    b"\xff\xfe1\0,\x002\0\n\0",
    b't;v\n2026-01-01T00:00:00+02:00;1.234,5\n2026-01-01 00:01;"2\n3"\n',
    b'{"step": 1, "loss": {"train": 2}}\n{"step": 2, "at": "0:01:02"}\n',
    b'{\n"a": [1],\n"log_history": [\n{"step": 1, "loss": NaN},\n{"step": 2}\n]\n}\n',
)
_ADTS: Final = b"\xff\xf1\x50\x80\x01\x1f\xfc\0"
_WORDS: Final = (b"duration\0[3725.5]", b'plural\0[2, "layer"]', b'replace\0["abc", "b", "x"]', b'join\0[[1, 2], "-"]')
TARGETS: Final[dict[str, Target]] = {
    "production": Target(
        ("production.schema", "film.planning.settings", "film.planning.cuts"), _good("production_texts"), _production
    ),
    "caption": Target(("picture.text.templating", "picture.text.number_words"), _captions, _caption),
    "number-words": Target(("picture.text.number_words",), lambda: _WORDS, _words),
    "theme": Target(
        ("picture.theme.theme", "picture.theme.template_files", "picture.theme.toml_files", "picture.theme.contrast"),
        _good("template_texts", "themes"),
        _template("theme", "Theme", "picture.theme.theme"),
    ),
    "graph-theme": Target(
        ("tools.graph.theme", "tools.graph.palette"), _good("template_texts", "themes"), _graph_theme
    ),
    "layout": Target(
        ("picture.panels.layout", "picture.theme.template_files"),
        _good("template_texts", "layouts"),
        _template("layout", "SceneLayout", "picture.panels.layout"),
    ),
    "card": Target(
        ("picture.cards.template", "picture.cards.filling", "picture.theme.template_files", "picture.text.templating"),
        _good("template_texts", "cards"),
        _template("card", "CardTemplate", "picture.cards.template"),
    ),
    "timeline": Target(
        ("film.timeline.timeline", "film.delivery.chapters", "film.delivery.otio", "film.delivery.subtitles"),
        _timelines,
        _timeline,
    ),
    "checkpoint": Target(("learning.models.checkpoint",), _checkpoints(".safetensors"), _checkpoint),
    "checkpoint-record": Target(
        ("learning.models.checkpoint", "learning.models.network"), _checkpoints(".json"), _checkpoint_record
    ),
    "loss-log": Target(("learning.training.loss_log",), lambda: _LOGS, _loss_log),
    "csv": Target(
        (
            *("tables.table", "tables.dialect", "tables.source", "tables.numbers", "tables.quotes"),
            *("tables.kinds", "tables.times", "tables.json_table", "tables.json_values"),
        ),
        lambda: _LOGS,
        _csv,
    ),
    "byte-table": Target(("byte_text.table",), lambda: ["".join(f"U+{n:04X}\n" for n in range(256)).encode()], _table),
    "from-text": Target(("byte_text.codec",), lambda: ["aя~ə\r\n".encode(), b"\xef\xbb\xbfabc"], _from_text),
    "media": Target(("ffmpeg.formats",), _good("sounds"), _media),
    "picture": Target(("film.inputs.stills",), _good("pictures"), _picture),
    "boxes": Target(("film.delivery.check",), lambda: [b"\0\0\0\x10ftypmp42\0\0\0\0\0\0\0\x0cmoovavcC"], _boxes),
    "packets": Target(("film.encoding.container",), lambda: [_ADTS * 2], _packets),
    "melody": Target(
        tuple(f"song.notes.{name}" for name in ("reading", "midi", "midi_bounds", "ust", "musicxml", "tune")),
        _tunes,
        _melody,
    ),
    "oto": Target(("song.voices.oto",), lambda: [b"a.wav=a,1,2,-3,4,5\nC4\t\t_x\n", "か.wav=,".encode("cp932")], _oto),
    "lyrics": Target(("song.lyrics.text", "song.lyrics.kana"), lambda: ["hap-py l'a~mour_\nきょう".encode()], _lyrics),
    "frame-rate": Target(("film.planning.settings",), lambda: [b"30000/1001", b"59.94", b"60"], _frame_rate),
    "time": Target(("outputs.preview",), lambda: [b"1:23.5", b"0:01:23"], _time),
}


def _fuzz(name: str, seconds: int, keep: Path) -> None:
    """Fuzz one target in this process, which ends with it."""
    import atheris  # noqa: PLC0415 - an extra

    target = TARGETS[name]
    seeds = list(target.seeds())
    loaded = [module for module in sys.modules if module.startswith("pipeline.") and module != "pipeline.errors"]
    watched = [f"pipeline.{module}" for module in target.modules]
    for module in [*loaded, "pipeline"]:  # what the seeds have loaded is loaded again, watched
        if module not in _COMPILED and module in {*watched}:
            sys.modules.pop(module, None)
    with atheris.instrument_imports(include=watched):
        for module in watched:
            import_module(module)
    shared = Path("/dev/shm")  # noqa: S108 - where there is one, files cost nothing
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)

        def read(data: bytes) -> None:
            with suppress(BuildVideoError):
                target.read(data, Path(folder))

        limits = [f"-max_total_time={seconds}", f"-timeout={_TIMEOUT_S}", f"-rss_limit_mb={_MEMORY_MIB}"]
        how = [f"-max_len={max(_LONGEST_INPUT, 2 * max(map(len, seeds)))}", "-print_final_stats=1", "-verbosity=1"]
        atheris.Setup([sys.argv[0], *limits, *how, f"-artifact_prefix={keep}/{name}-", str(corpus)], read)
        atheris.Fuzz()


def _run(name: str, seconds: int, keep: Path) -> dict[str, Any]:
    told = ["--only", name, "--seconds", str(seconds), "--keep", str(keep)]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *told],
        cwd=_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    counted = re.search(r"number_of_executed_units:\s*(\d+)", ran.stderr) or re.search(r"DONE\D+(\d+)", ran.stderr)
    lines = re.findall(r"cov: (\d+)", ran.stderr)
    crashed = ran.returncode != 0
    if crashed:
        print(f"CRASH {name}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}", flush=True)
    executions = int(counted.group(1)) if counted else 0
    return {"target": name, "executions": executions, "coverage": int(lines[-1]) if lines else 0, "crashed": crashed}


def main() -> int:
    """Fuzz the targets one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="altogether; with --target, for that one")
    parser.add_argument("--target", choices=sorted(TARGETS))
    parser.add_argument("--only", choices=sorted(TARGETS), help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"), help="folder for inputs that crash")
    parser.add_argument("--input", type=Path, help="read this file once with --target, without fuzzing")
    chosen = parser.parse_args()
    if chosen.input is not None and chosen.target:
        with tempfile.TemporaryDirectory() as folder, suppress(BuildVideoError):
            TARGETS[chosen.target].read(chosen.input.read_bytes(), Path(folder))
        return 0
    if find_spec("atheris") is None:
        print('atheris is not installed: pip install "build-video[fuzz]"', file=sys.stderr)
        return 2
    chosen.keep.mkdir(parents=True, exist_ok=True)
    if chosen.only:
        _fuzz(chosen.only, chosen.seconds, chosen.keep)
        return 0
    names = [chosen.target] if chosen.target else sorted(TARGETS)
    share = max(1, chosen.seconds // len(names))
    results = []
    print(f"{'target':<20} {'executions':>11} {'coverage':>9}")
    for name in names:
        results.append(_run(name, share, chosen.keep))
        told = results[-1]
        print(f"{name:<20} {told['executions']:>11} {told['coverage']:>9}{'  CRASH' * told['crashed']}", flush=True)
    crashes = sum(told["crashed"] for told in results)
    total = sum(told["executions"] for told in results)
    print(json.dumps({"targets": len(names), "executions": total, "crashes": crashes, "seconds": share * len(names)}))
    with suppress(OSError):
        chosen.keep.rmdir()  # where it is empty
    return int(crashes > 0)


if __name__ == "__main__":
    sys.exit(main())
