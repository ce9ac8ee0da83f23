"""build-video: arguments, progress, messages, exit codes.

    build-video                           the production.toml of this folder, or the demo
    build-video PRODUCTION.toml           all the way to the video
    build-video STAGE [PRODUCTION.toml]   up to and including one stage

This module turns words into calls and errors into words. It makes nothing itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from pipeline.build import STAGES, StageSurvey, build, survey
from pipeline.console import print_error, print_json
from pipeline.errors import BuildVideoError, InputError
from pipeline.options import (
    AsJson,
    Device,
    Draft,
    DryRun,
    Force,
    Jobs,
    Output,
    Outside,
    ProductionPath,
    find_production,
    logged_build,
    open_workplace,
)
from pipeline.production import Production
from pipeline.results import Made
from pipeline.side_commands import side
from pipeline.workplace import Workplace

_TOOLS: Final = {"graph", "to-text", "from-text"}
_INTERRUPTED: Final = 130
_TERMINATED: Final = 143

app = typer.Typer(
    help="From voice recordings to a finished HD video of a neural network learning to speak.",
    epilog="Without a command: the production.toml of this folder, or the one named; elsewhere the demo. Also, each "
    "with its own --help: graph, to-text, from-text.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _run_until(
    stage: str, production: Production, workplace: Workplace, *, dry_run: bool, as_json: bool
) -> Made | None:
    if dry_run:
        _print_survey(survey(production, workplace, stage), as_json=as_json)
        return None
    with logged_build(workplace, production, as_json=as_json) as logged:
        return build(production, logged, stage)


def _print_survey(surveys: list[StageSurvey], *, as_json: bool, verbose: bool = False) -> None:
    if as_json:
        print_json([one.as_json() for one in surveys])
        return
    for one in surveys:
        print(f"{one.stage:<11} {one.state:<8} {one.why}".rstrip())
        for name, state in one.pieces:
            if verbose or (state.state != "fresh" and len(one.pieces) > 1):
                print(f"    {name:<24} {state.state:<8} {state.why}".rstrip())


def _stage_command(until: str, forced: frozenset[str], words: str) -> Callable[..., None]:
    def command(
        path: ProductionPath = None,
        output: Output = None,
        draft: Draft = False,
        force: Force = False,
        dry_run: DryRun = False,
        jobs: Jobs = None,
        as_json: AsJson = False,
        allow_outside: Outside = False,
        device: Device = "auto",
    ) -> None:
        production = find_production(path, draft=draft, allow_outside=allow_outside)
        again = forced if force else frozenset()
        workplace = open_workplace(production, output, jobs=jobs, force=again, device=device)
        made = _run_until(until, production, workplace, dry_run=dry_run, as_json=as_json)
        if made is not None and made.film is not None:
            _announce(workplace.output / made.film.record.video_file, as_json=as_json)

    command.__doc__ = words
    return command


def _announce(film: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"event": "done", "film": str(film)})
    else:
        print(film)


def storyboard(
    path: ProductionPath = None,
    output: Output = None,
    draft: Draft = False,
    force: Force = False,
    dry_run: DryRun = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    allow_outside: Outside = False,
    device: Device = "auto",
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Also write a picture of every card and take.", metavar="FILE")
    ] = None,
) -> None:
    """Up to and including the stage 'storyboard'; with --sheet, a picture of the whole film."""
    production = find_production(path, draft=draft, allow_outside=allow_outside)
    forced = frozenset({"storyboard"}) if force else frozenset()
    workplace = open_workplace(production, output, jobs=jobs, force=forced, device=device)
    made = _run_until("storyboard", production, workplace, dry_run=dry_run, as_json=as_json)
    if made is None or sheet is None:
        return
    from pipeline.preview import write_sheet  # noqa: PLC0415 - brings pictures along

    with logged_build(replace(workplace, force=frozenset()), production, as_json=as_json) as logged:
        write_sheet(production, logged, sheet)
    _announce(sheet, as_json=as_json)


app.command(name="storyboard")(storyboard)
for _stage in (name for name in STAGES if name != "storyboard"):
    app.command(name=_stage)(_stage_command(_stage, frozenset({_stage}), f"Up to and including the stage '{_stage}'."))
app.command(name="build", hidden=True)(
    _stage_command(STAGES[-1], frozenset(STAGES), "Make what is stale, all the way to the video.")
)


@app.command()
def status(
    path: ProductionPath = None,
    output: Output = None,
    draft: Draft = False,
    as_json: AsJson = False,
    allow_outside: Outside = False,
    pieces: Annotated[bool, typer.Option("--pieces", help="List every piece, fresh ones too.")] = False,
) -> None:
    """Say of each stage whether it is fresh, stale and why, or missing."""
    production = find_production(path, draft=draft, allow_outside=allow_outside)
    workplace = open_workplace(production, output, jobs=1, force=frozenset(), device="auto")
    _print_survey(survey(production, workplace), as_json=as_json, verbose=pieces)


@app.command()
def still(
    path: ProductionPath = None,
    at: Annotated[str, typer.Option("--at", help="When: 1:23.5 or seconds.", metavar="TIME")] = "0",
    picture: Annotated[Path, typer.Option("-o", "--output", help="The picture to write.", metavar="FILE")] = Path(
        "still.png"
    ),
    folder: Annotated[Path | None, typer.Option("--folder", help="Folder of the film, as given to -o.")] = None,
    draft: Draft = False,
    as_json: AsJson = False,
    allow_outside: Outside = False,
) -> None:
    """Write one frame of the film, without building the video."""
    from pipeline.preview import write_still  # noqa: PLC0415 - brings pictures along

    production = find_production(path, draft=draft, allow_outside=allow_outside)
    workplace = open_workplace(production, folder, jobs=None, force=frozenset(), device="auto")
    with logged_build(workplace, production, as_json=as_json) as logged:
        write_still(production, logged, at, picture)
    _announce(picture, as_json=as_json)


app.add_typer(side)


def expand_arguments(arguments: Sequence[str]) -> list[str]:
    """Put the hidden command `build` where a production file, or nothing, stands in place of a command."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    if arguments and (arguments[0] in commands or arguments[0] in {"-h", "--help"}):
        return list(arguments)
    first = arguments[0] if arguments else ""
    if first and not first.startswith("-") and "." not in first and not Path(first).exists():
        raise InputError(
            f"There is no command '{first}', and no such file.",
            where="command line",
            expected=", ".join(sorted(commands - {"build"} | _TOOLS)),
            hint="build-video --help explains them.",
        )
    return ["build", *arguments]


def _dispatch(arguments: list[str]) -> int:
    if arguments and arguments[0] in _TOOLS:
        from pipeline.tools.commands import main as tools_main  # noqa: PLC0415 - these must start quickly

        return tools_main(arguments)
    outcome = app(expand_arguments(arguments), prog_name="build-video", standalone_mode=False)
    if outcome == _INTERRUPTED:  # typer has taken the interruption for an exit code
        raise KeyboardInterrupt
    return outcome if isinstance(outcome, int) else 0


def _as_our_error(error: Exception) -> BuildVideoError:
    if isinstance(error, BuildVideoError):
        return error
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        usage = context.get_usage() if context else "see build-video --help"
        words = error.format_message() if hasattr(error, "format_message") else str(error)
        return InputError(words, where="command line", expected=usage)
    if isinstance(error, MemoryError):
        return BuildVideoError("The memory is used up.", hint="Close other programs, or try --jobs 1.")
    return BuildVideoError(
        f"A fault in build-video itself: {type(error).__name__}: {error}",
        expected="no such fault: please report it",
        hint="Run again with --debug, and send what it prints together with work/build.log.",
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug, as_json = "--debug" in arguments, "--json" in arguments
    try:
        return _dispatch([argument for argument in arguments if argument != "--debug"])
    except (KeyboardInterrupt, typer.Abort):
        print("build-video: interrupted. What was finished is kept; the same command goes on.", file=sys.stderr)
        return _TERMINATED if _was_terminated else _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        told = _as_our_error(error)
        print_error(told, as_json=as_json)
        return told.exit_code


_was_terminated = False


def _terminate(_number: int, _frame: object) -> NoReturn:
    """Handle SIGTERM like Ctrl-C, but for the exit code."""
    global _was_terminated  # noqa: PLW0603 - a signal belongs to the process
    _was_terminated = True
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line of this process."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))
