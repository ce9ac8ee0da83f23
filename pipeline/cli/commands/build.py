"""The commands that build a film, and those that look at one: `build`, the stages, `status`, `still`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.build.films import (
    build_all,
    build_one,
    check_cut,
    check_films,
    notes_on_names,
    survey_all,
    time_ahead,
    trained_so_far,
)
from pipeline.build.forecast import words
from pipeline.build.made_words import made_words
from pipeline.build.stage_order import STAGES, StageSurvey
from pipeline.cli.commands.templates import watch_picture
from pipeline.cli.console import choose_screen, print_json, print_message
from pipeline.cli.options import (
    Build,
    BuildOptions,
    Cut,
    FilmBuildOptions,
    FilmOptions,
    ProductionOptions,
    flag,
    with_groups,
)
from pipeline.cli.workplace import Join, logged_build, looked_at, looked_at_often
from pipeline.errors import InputError
from pipeline.outputs.owner import open_workplace
from pipeline.production.recordings import gather_recordings, named
from pipeline.production.schema import FILE_NAME, Production
from pipeline.production.starter import are_recordings, film_of, place_for_film
from pipeline.runtime.progress.reporter import WorkTime, stage_seconds
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.lock import holder

_STAGES_PANEL: Final = "Stages, in order: each builds everything up to and including itself"
_STAGE_WORDS: Final = {
    "prepare": "Recordings become bytes to learn from.",
    "train": "Networks learn; their checkpoints and losses are kept.",
    "sample": "Each chosen checkpoint generates a take.",
    "storyboard": "Takes and losses become a timeline.",
    "cards": "The title, section and credit cards are drawn.",
    "render": "The pictures become silent video.",
    "compose": "Video and sound become the finished film.",
}

building = typer.Typer()


def _run_until(
    stage: str,
    production: Production,
    workplace: Workplace,
    *,
    cut: str | None,
    dry_run: bool,
    as_json: bool,
    from_here: bool = False,
    join: Join = nullcontext,
) -> list[Path] | None:
    """Build the film and its cuts, or one cut alone, and return the finished films; None where nothing was to run."""
    check_cut(stage, cut)
    if from_here:
        production = trained_so_far(production, workplace)
    if dry_run:
        check_films(production, stage, cut)
        for note in notes_on_names(production, stage):
            print_message(note, as_json=as_json, answers=as_json)
        surveys = survey_all(production, workplace, stage, cut, is_counted=True)
        _print_survey(surveys, production, workplace, as_json=as_json, ahead=time_ahead(surveys, production, workplace))
        return None
    with logged_build(workplace, production, as_json=as_json, join=join) as logged:
        results = {cut: build_one(production, logged, stage, cut)[1]} if cut else build_all(production, logged, stage)
    return [
        workplace.output / name / one.film.record.video_file for name, one in results.items() if one.film is not None
    ]


def _print_survey(
    surveys: list[StageSurvey],
    production: Production,
    workplace: Workplace,
    *,
    as_json: bool,
    verbose: bool = False,
    ahead: Sequence[WorkTime] | None = None,
) -> None:
    """Print what was found of each stage, and how long what is ahead takes (in JSON with the film's stages)."""
    if as_json:
        seconds = stage_seconds(ahead) if ahead is not None else {}
        times = [
            {} if one.cut or ahead is None else {"seconds": round(seconds.get(one.stage, 0.0), 1)} for one in surveys
        ]
        print_json([{**one.as_json(), **own} for one, own in zip(surveys, times, strict=True)])
        return
    if builder := holder(workplace.store.root):
        print(f"A build works in this folder: {builder}.")
    cut = ""
    for one in surveys:
        if one.cut != cut:
            cut = one.cut
            print(f"cut {cut}:")
        follows = f": {made_words(one, production)}" if one.foreseen is not None and one.to_make else ""
        print(f"{one.stage:<11} {one.state:<8} {one.why}{follows}".rstrip())
        for name, state in one.pieces:
            if verbose or (state.state != "fresh" and len(one.pieces) > 1):
                print(f"    {name:<24} {state.state:<8} {state.why}".rstrip())
    if ahead is not None:
        print(f"This takes {words(ahead)}")


def _run_command(options: FilmBuildOptions, until: str, *forced: str) -> None:
    production, workplace = options.find_and_open(*forced)
    if options.minutes is not None:
        production = production.for_minutes(options.minutes, workplace.jobs)
    films = _run_until(
        until,
        production,
        workplace,
        cut=options.cut,
        dry_run=options.dry_run,
        as_json=options.as_json,
        from_here=options.from_here,
        join=options.join(),
    )
    for film in films or ():
        _announce(film, as_json=options.as_json)


def _stage_command(stage: str) -> Callable[..., None]:
    @with_groups
    def command(options: FilmBuildOptions) -> None:
        _run_command(options, stage, stage)

    command.__doc__ = f"Build up to and including the stage '{stage}': {_STAGE_WORDS[stage]}"
    return command


def _announce(film: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"event": "done", "film": str(film)})
    else:
        print(film)


@with_groups
def storyboard(
    options: BuildOptions,
    cut: Cut = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Also write a picture of every card and take.", metavar="FILE")
    ] = None,
    build_first: Build = False,
) -> None:
    """Build up to and including the stage 'storyboard'; with --sheet alone, a picture of the film so far."""
    production, workplace = options.find_and_open("storyboard")
    as_json, force, dry_run = options.as_json, options.force, options.dry_run
    if sheet is None or dry_run or force or build_first:
        join = options.join()
        done = _run_until("storyboard", production, workplace, cut=cut, dry_run=dry_run, as_json=as_json, join=join)
        if done is None or sheet is None:
            return
    from pipeline.outputs.preview import picture_format, write_sheet  # noqa: PLC0415 - brings pictures along

    picture_format(sheet)
    place = replace(workplace, force=frozenset())
    with looked_at(production, place, cut, build=force or build_first, as_json=as_json) as shown:
        write_sheet(shown, sheet)
    _announce(sheet, as_json=as_json)


@with_groups
def sample(
    options: BuildOptions,
    follow: Annotated[bool, flag("--follow", help="Make takes while a training runs in another terminal.")] = False,
) -> None:
    """Build up to and including the stage 'sample': each chosen checkpoint generates a take."""
    production, workplace = options.find_and_open("sample")
    if follow and not options.dry_run:
        from pipeline.build.follow import follow_another, stand_back  # noqa: PLC0415 - brings sampling along

        stand_back()
        with choose_screen(as_json=options.as_json) as screen:
            ended = follow_another(production, replace(workplace, report=screen))
        if not ended:
            return  # the build that trained goes on with the takes itself
    _run_until(
        *("sample", production, workplace),
        cut=None,
        dry_run=options.dry_run,
        as_json=options.as_json,
        join=options.join(),
    )


@partial(with_groups, without={"path"})
def build(
    options: FilmBuildOptions,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="A production file, or recordings.", metavar="PRODUCTION|RECORDING")
    ] = None,
) -> None:
    """Build everything that is stale, all the way to the video; with recordings, begin a film first. The default."""
    path = _film_to_build(paths or [], dry_run=options.dry_run, as_json=options.as_json)
    _run_command(replace(options, path=path), STAGES[-1], *STAGES)


building.command(name="build")(build)
_OWN_COMMANDS: Final = {"sample": sample, "storyboard": storyboard}
for _stage in STAGES:
    building.command(name=_stage, short_help=_STAGE_WORDS[_stage], rich_help_panel=_STAGES_PANEL)(
        _OWN_COMMANDS.get(_stage) or _stage_command(_stage)
    )


def _film_to_build(paths: list[Path], *, dry_run: bool, as_json: bool) -> Path | None:
    """The production that is meant; where recordings are named, one is made beside them."""
    if not paths or not are_recordings(paths):
        if len(paths) > 1:
            raise InputError(
                "These are not all recordings.",
                where="command line",
                expected="one production, or recordings and folders of them",
            )
        return paths[0] if paths else None
    place = place_for_film(paths)
    if dry_run and not (place / FILE_NAME).exists():
        names = named([one.name for one in gather_recordings(paths)])
        print_message(f"Would begin a film in {place} with {names}, and make all of it.", as_json=as_json)
        raise typer.Exit
    found, is_new = film_of(paths)
    print_message(
        f"{found}: {'begun' if is_new else 'there already, and built'}; change it and build again", as_json=as_json
    )
    return found


@building.command()
@with_groups
def status(
    options: FilmOptions,
    cut: Cut = None,
    pieces: Annotated[bool, flag("--pieces", help="List every piece, fresh ones too.")] = False,
) -> None:
    """Show which stages are fresh, which are stale and why, and which are missing."""
    production = options.find(answers=True)
    workplace = options.open(production)
    found = survey_all(production, workplace, cut=cut, is_counted=True)
    _print_survey(found, production, workplace, as_json=options.as_json, verbose=pieces)


@building.command()
@with_groups
def still(
    options: ProductionOptions,
    at: Annotated[
        str | None, typer.Option("--at", help="Time in the film: 1:23.5, or seconds. Default: 0.", metavar="TIME")
    ] = None,
    card: Annotated[
        str | None,
        typer.Option(
            "--card", help="A card: title, section-1, comparison ..., or its template's name.", metavar="NAME"
        ),
    ] = None,
    picture: Annotated[
        Path, typer.Option("-o", "--output", help="The picture to write: PNG, JPEG or WebP.", metavar="FILE")
    ] = Path("still.png"),
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder of the film, as other commands take it with -o.")
    ] = None,
    cut: Cut = None,
    build_first: Build = False,
    watch: Annotated[bool, flag("--watch", help="Draw it again whenever a file is saved, until Ctrl-C.")] = False,
) -> None:
    """Write one frame of the film as a picture, from what there is; nothing is trained for it."""
    from pipeline.outputs.preview import (  # noqa: PLC0415 - brings pictures along
        parse_time,
        picture_format,
        write_still,
    )
    from pipeline.outputs.watching import redrawn  # noqa: PLC0415 - brings pictures along

    production = options.find()
    if at is not None and card is not None:
        raise InputError("A still shows a time or a card.", where="command line", expected="--at or --card, not both")
    parse_time(at or "0")
    picture_format(picture)
    workplace = open_workplace(production, folder, jobs=None, force=frozenset(), device="auto")
    if watch:
        building_first = partial(looked_at, workplace=workplace, cut=cut, build=True, as_json=options.as_json)
        with looked_at_often(workplace, cut, as_json=options.as_json) as only_looking:
            open_look = building_first if build_first else only_looking
            watch_picture(options.find, open_look, (picture, at or "0", card), as_json=options.as_json)
        return
    seen = looked_at(production, workplace, cut, build=build_first, as_json=options.as_json, until="storyboard")
    with seen as shown:
        write_still(redrawn(shown, at=at or "0", card=card), picture, at=at or "0", card=card)
    _announce(picture, as_json=options.as_json)
