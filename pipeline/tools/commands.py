"""The command lines of `graph`, `to-text` and `from-text`.

This module owns their arguments and help texts, and what is printed when they are done. It starts quickly: what a
command needs is loaded when it runs. Errors are printed by whoever calls `main`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NoReturn

from pipeline.audio.formats import ENCODINGS
from pipeline.errors import InputError
from pipeline.runtime.progress.reporter import SILENT, Silence, WorkStart
from pipeline.runtime.wording.plurals import counted
from pipeline.tools.argument_words import argument_words
from pipeline.tools.graph.arguments import add_graph_arguments, graph_options

_BYTE: Final = range(256)


class _Percent(Silence):
    """Shows on a terminal how far a film is."""

    total = 1.0

    def begin(self, work: WorkStart) -> None:
        """Remember how much there is to do."""
        self.total = work.total

    def advance(self, done: float, detail: str = "") -> None:  # noqa: ARG002  # a reporter's names
        """Write the share that is done over the one before."""
        end = "\n" if done >= self.total else ""
        sys.stderr.write(f"\r{100 * done / self.total:3.0f} %{end}")

    def note(self, text: str) -> None:
        """Tell a fact."""
        sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """Tell a doubt."""
        sys.stderr.write(f"{text}\n")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong with the command line."""
        what, expected = argument_words(message)
        raise InputError(
            what,
            where="command line",
            expected=expected or " ".join(self.format_usage().removeprefix("usage: ").split()),
            hint=f"{self.prog} --help explains all options.",
        )


def main(arguments: Sequence[str]) -> int:
    """Run `graph`, `to-text` or `from-text` (the first argument) and return the exit code.

    Raises
    ------
    BuildVideoError
        What went wrong, for the caller to print.
    """
    command, parsers = next(iter(arguments), ""), make_parsers()
    if command not in parsers:
        raise InputError(f"There is no tool '{command}'.", where="command line", expected=", ".join(parsers))
    # Options may stand anywhere, also between the names of files.
    parsed = parsers[command].parse_intermixed_args(list(arguments[1:]))
    runner = {"graph": _graph, "to-text": _to_text, "from-text": _from_text}[command]
    facts, sentences = runner(parsed)
    # What was made may go to standard output itself.
    stream = sys.stderr if getattr(parsed, "target", "") == "-" else sys.stdout
    if parsed.json:
        stream.write(json.dumps(facts) + "\n")
    else:
        for sentence in sentences:
            stream.write(f"{sentence}\n")
    return 0


def make_parsers() -> dict[str, argparse.ArgumentParser]:
    """Make the parsers of the three commands."""
    graph = _Parser(
        prog="build-video graph",
        description="Draw logs of numbers as line graphs: in each column of pixels the band from the lowest to the "
        "highest value, and the mean over it.",
        usage="build-video graph [options] LOG... OUT",
        allow_abbrev=False,
    )
    add_graph_arguments(graph)
    to_text = _Parser(
        prog="build-video to-text",
        description="Turn any bytes into UTF-8 text of at most 256 different characters, one a byte. Printable ASCII "
        "stays itself; every other byte has a letter of its own.",
        allow_abbrev=False,
    )
    from_text = _Parser(
        prog="build-video from-text",
        description="Turn text made by to-text, or invented by a network that learned it, back into bytes.",
        allow_abbrev=False,
    )
    for command, source, target in ((to_text, "bytes", "text"), (from_text, "text", "bytes")):
        command.add_argument("source", metavar="IN", nargs="?", help=f"file of {source}, or - for standard input")
        command.add_argument("target", metavar="OUT", nargs="?", help=f"file of {target}, or - for standard output")
        command.add_argument("--table", type=Path, metavar="FILE", help="another table: 256 lines, one a byte")
        command.add_argument("--write-table", metavar="FILE", help="write the table that is used as such a file")
        command.add_argument("--sample-rate", type=int, default=11025, metavar="HZ", help="of the bytes, with --audio")
        command.add_argument("--encoding", choices=ENCODINGS, default="linear-u8", help="of the bytes, with --audio")
        command.add_argument("--json", action="store_true", help="say what was done as JSON")
    to_text.add_argument("--audio", action="store_true", help="IN is sound: take its samples as 8-bit bytes")
    to_text.add_argument("--final-newline", action="store_true", help="end the text with a line break")
    from_text.add_argument("--audio", action="store_true", help="OUT is a WAV file: the bytes are its samples")
    from_text.add_argument(
        "--final-newline", action="store_true", help="take off one line break at the end, as editors and samplers add"
    )
    unknown = from_text.add_mutually_exclusive_group()
    unknown.add_argument("--skip", action="store_true", help="leave characters out that stand for no byte")
    unknown.add_argument("--replace", type=_byte, metavar="BYTE", help="put this byte (0 to 255) in their place")
    return {"graph": graph, "to-text": to_text, "from-text": from_text}


def _byte(text: str) -> int:
    value = int(text, 0)
    if value not in _BYTE:
        raise argparse.ArgumentTypeError(f"{value} is no byte")
    return value


def _graph(parsed: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from pipeline.tools.graph.command import run_graph  # noqa: PLC0415

    options, output = graph_options(parsed)
    summary = run_graph(options, output, _Percent() if sys.stderr.isatty() and not parsed.json else SILENT)
    done = (
        f"{summary.path}: {summary.width:,} x {summary.height:,} px, {summary.series} series of "
        f"{counted(summary.rows, 'row')}"
    )
    return {"event": "done", **asdict(summary)}, [done, *(f"note: {note}" for note in summary.notes)]


def _to_text(parsed: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from pipeline.tools.byte_text.command import ToTextOptions, run_to_text  # noqa: PLC0415

    if _only_writes_table(parsed):
        return {"event": "done"}, []
    done = run_to_text(ToTextOptions(parsed.source, parsed.target, parsed.table, parsed.final_newline, _audio(parsed)))
    return {"event": "done", **asdict(done)}, [f"{done.bytes_in:,} bytes became {done.bytes_out:,} bytes of text"]


def _from_text(parsed: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from pipeline.byte_text.codec import SKIP  # noqa: PLC0415
    from pipeline.tools.byte_text.command import FromTextOptions, run_from_text  # noqa: PLC0415

    if _only_writes_table(parsed):
        return {"event": "done"}, []
    unknown = SKIP if parsed.skip else parsed.replace
    options = FromTextOptions(parsed.source, parsed.target, parsed.table, unknown, parsed.final_newline, _audio(parsed))
    done = run_from_text(options)
    sentences = [f"{done.bytes_in:,} bytes of text became {done.bytes_out:,} bytes"]
    if done.unknown_characters:
        what = "left out" if parsed.skip else f"replaced by byte {parsed.replace}"
        sentences.append(f"note: {done.unknown_characters:,} characters that stand for no byte were {what}")
    if done.byte_order_mark:
        sentences.append("note: a byte order mark at the beginning was left out")
    return {"event": "done", **asdict(done)}, sentences


def _audio(parsed: argparse.Namespace) -> Any:
    from pipeline.tools.byte_text.command import AudioOptions  # noqa: PLC0415

    return AudioOptions(parsed.sample_rate, parsed.encoding) if parsed.audio else None


def _only_writes_table(parsed: argparse.Namespace) -> bool:
    """Write the table where that is asked for, and tell whether that was all."""
    from pipeline.tools.byte_text.command import write_table  # noqa: PLC0415

    if parsed.write_table:
        write_table(parsed.write_table, parsed.table)
        if parsed.source is None:
            return True
    if parsed.source is None or parsed.target is None:
        raise InputError(
            "IN and OUT are both needed.", where="command line", hint="- stands for standard input or output."
        )
    return False
