"""The commands `export gif`, `export loop` and `export sound`: parts of a film as files of their own.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import (
    AsJson,
    Build,
    Cut,
    Draft,
    Jobs,
    Output,
    Outside,
    ProductionPath,
    find_production,
    looked_at,
    open_workplace,
)
from pipeline.errors import InputError

export = typer.Typer(help="Write parts of the film as files of their own.", add_completion=False)

Section = Annotated[int | None, typer.Option("--section", min=1, help="Which one, from 1; by default the last.")]
Take = Annotated[
    int | None, typer.Option("--take", min=0, help="The take nearest to this iteration; by default the best.")
]
Seconds = Annotated[float, typer.Option("--seconds", min=0.5, max=60, help="How long the loop lasts.")]
Width = Annotated[int | None, typer.Option("--width", min=64, max=8192, help="In pixels; by default the film's.")]
To = Annotated[Path | None, typer.Option("--to", help="The file; by default in the film's folder.", metavar="FILE")]


@export.command()
def gif(
    path: ProductionPath = None,
    output: Output = None,
    draft: Draft = False,
    section: Section = None,
    take: Take = None,
    seconds: Seconds = 6.0,
    width: Width = 480,
    to: To = None,
    cut: Cut = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
    allow_outside: Outside = False,
    build: Build = False,
) -> None:
    """Write a GIF that shows a take, without end: 20 pictures a second, in colours of its own."""
    made = _loop(
        "gif", (path, output, draft, allow_outside, jobs), (section, take, seconds, width), to, cut, as_json, build
    )
    _announce([made], as_json=as_json)


@export.command()
def loop(
    path: ProductionPath = None,
    output: Output = None,
    draft: Draft = False,
    section: Section = None,
    take: Take = None,
    seconds: Seconds = 6.0,
    width: Width = None,
    to: To = None,
    cut: Cut = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
    allow_outside: Outside = False,
    build: Build = False,
) -> None:
    """Write a silent MP4 that shows a take and whose end runs into its beginning."""
    made = _loop(
        "mp4", (path, output, draft, allow_outside, jobs), (section, take, seconds, width), to, cut, as_json, build
    )
    _announce([made], as_json=as_json)


def _loop(
    kind: Literal["gif", "mp4"],
    film: tuple[Path | None, Path | None, bool, bool, int | None],
    shown: tuple[int | None, int | None, float, int | None],
    to: Path | None,
    cut: str | None,
    as_json: bool,
    build: bool,
) -> Path:
    from pipeline.outputs.exports import LoopWish, write_loop  # noqa: PLC0415 - brings pictures along

    path, output, draft, allow_outside, jobs = film
    production = find_production(path, draft=draft, allow_outside=allow_outside, as_json=as_json)
    workplace = open_workplace(production, output, jobs=jobs, force=frozenset(), device="auto")
    section, take, seconds, width = shown
    wish = LoopWish(kind, section, take, seconds, width)
    with looked_at(production, workplace, cut, build=build, as_json=as_json) as seen:
        return write_loop(seen, wish, to)


@export.command()
def sound(
    path: ProductionPath = None,
    output: Output = None,
    draft: Draft = False,
    form: Annotated[str, typer.Option("--format", help="wav or flac.")] = "wav",
    rate: Annotated[str, typer.Option("--rate", help="Of the takes: original, as the networks speak, or 48000.")] = (
        "original"
    ),
    cut: Cut = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
    allow_outside: Outside = False,
    build: Build = False,
) -> None:
    """Write the finished soundtrack, and every take as its network made it."""
    from pipeline.outputs.exports import write_sounds  # noqa: PLC0415 - brings sound libraries along

    if form not in {"wav", "flac"}:
        raise InputError(f"There is no format '{form}' here.", where="--format", expected="wav or flac")
    if rate not in {"48000", "original"}:
        raise InputError(f"'{rate}' is no rate to choose.", where="--rate", expected="original or 48000")
    production = find_production(path, draft=draft, allow_outside=allow_outside, as_json=as_json)
    workplace = open_workplace(production, output, jobs=jobs, force=frozenset(), device="auto")
    chosen: Literal["wav", "flac"] = "wav" if form == "wav" else "flac"
    with looked_at(production, workplace, cut, build=build, as_json=as_json, until="storyboard") as shown:
        written = write_sounds(shown, chosen, at_own_rate=rate == "original")
    _announce(written, as_json=as_json)


def _announce(files: list[Path], *, as_json: bool) -> None:
    for file in files:
        if as_json:
            print_json({"event": "done", "file": str(file)})
        else:
            print(file)
