"""The commands `export gif`, `export loop`, `export sound` and `export song`: parts of a film as files of their own.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import LookOptions, with_groups
from pipeline.cli.workplace import looked_at
from pipeline.errors import InputError

export = typer.Typer(help="Export parts of the film: a GIF, a loop, the sound, the songs.")

Width = Annotated[int | None, typer.Option("--width", metavar="N", min=64, max=8192, help="Width in pixels.")]


@dataclass(frozen=True)
class LoopOptions:
    """What a loop shows, and where it is written."""

    section: Annotated[
        int | None, typer.Option("--section", metavar="N", min=1, help="Its number, from 1. Default: the last.")
    ] = None
    take: Annotated[
        int | None,
        typer.Option(
            "--take", metavar="ITERATION", min=0, help="The take nearest to this iteration. Default: the best."
        ),
    ] = None
    seconds: Annotated[float, typer.Option("--seconds", metavar="N", min=0.5, max=60, help="Length of the loop.")] = 6.0
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="The file to write, its name may have facts. Default: one in the film's folder.",
            metavar="FILE",
        ),
    ] = None


@export.command()
@with_groups
def gif(options: LookOptions, shown: LoopOptions, width: Width = 480) -> None:
    """Write an endless GIF of a take, 20 pictures a second."""
    _write_loop("gif", options, shown, width)


@export.command()
@with_groups
def loop(options: LookOptions, shown: LoopOptions, width: Width = None) -> None:
    """Write a silent MP4 of a take that loops seamlessly."""
    _write_loop("mp4", options, shown, width)


def _write_loop(kind: Literal["gif", "mp4"], options: LookOptions, shown: LoopOptions, width: int | None) -> None:
    from pipeline.outputs.exports import LoopWish, write_loop  # noqa: PLC0415 - brings pictures along

    production = options.find()
    workplace = options.open(production, jobs=options.jobs)
    wish = LoopWish(kind, shown.section, shown.take, shown.seconds, width)
    with looked_at(production, workplace, options.cut, build=options.build, as_json=options.as_json) as seen:
        written = write_loop(seen, wish, shown.to)
    _announce([written], as_json=options.as_json)


@export.command()
@with_groups
def sound(
    options: LookOptions,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="wav or flac.")] = "wav",
    rate: Annotated[
        str,
        typer.Option(
            "--rate", metavar="NAME", help="Sample rate of the takes: original, as the networks made them, or 48000."
        ),
    ] = "original",
) -> None:
    """Write the finished soundtrack, and every take as its network made it."""
    from pipeline.outputs.exports import write_sounds  # noqa: PLC0415 - brings sound libraries along

    if form not in {"wav", "flac"}:
        raise InputError(f"There is no format '{form}' here.", where="--format", expected="wav or flac")
    if rate not in {"48000", "original"}:
        raise InputError(f"'{rate}' is not one of the rates.", where="--rate", expected="original or 48000")
    production = options.find()
    workplace = options.open(production, jobs=options.jobs)
    chosen: Literal["wav", "flac"] = "wav" if form == "wav" else "flac"
    look = {"build": options.build, "as_json": options.as_json}
    with looked_at(production, workplace, options.cut, **look, until="storyboard") as shown:
        written = write_sounds(shown, chosen, at_own_rate=rate == "original")
    _announce(written, as_json=options.as_json)


@export.command()
@with_groups
def song(
    options: LookOptions,
    number: Annotated[
        int | None, typer.Option("--song", metavar="N", min=1, help="Its number, from 1. Default: all.")
    ] = None,
) -> None:
    """Write the songs: the mix as FLAC and MP3, each voice alone, and the MIDI file as it was sung."""
    from pipeline.outputs.exports import write_songs  # noqa: PLC0415 - brings sound libraries along

    production = options.find()
    workplace = options.open(production, jobs=options.jobs)
    look = {"build": options.build, "as_json": options.as_json}
    with looked_at(production, workplace, options.cut, **look, until="storyboard") as shown:
        written = write_songs(shown, number)
    _announce(written, as_json=options.as_json)


def _announce(files: list[Path], *, as_json: bool) -> None:
    for file in files:
        if as_json:
            print_json({"event": "done", "file": str(file)})
        else:
            print(file)
