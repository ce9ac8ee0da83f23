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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from pipeline.build import STAGES, StageSurvey, build, survey
from pipeline.build_log import BuildLog
from pipeline.cleaner import CleaningRules, choose_results, remove_results
from pipeline.console import choose_screen, print_error, print_json
from pipeline.errors import BuildVideoError, InputError
from pipeline.files import disk_errors
from pipeline.lock import sole_builder
from pipeline.production import FILE_NAME, Production, load_production
from pipeline.resources import builtin_templates_folder
from pipeline.results import Made
from pipeline.starter import start_production
from pipeline.store import Store
from pipeline.workplace import Workplace

_TOOLS: Final = {"graph", "to-text", "from-text"}
_INTERRUPTED: Final = 130
_TERMINATED: Final = 143

app = typer.Typer(
    help="From voice recordings to a finished HD video of a neural network learning to speak.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ProductionPath = Annotated[
    Path | None,
    typer.Argument(help="A production file; by default ./production.toml, else the demo.", metavar="PRODUCTION"),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder of the film; by default out/<production>.", metavar="FOLDER"),
]
Draft = Annotated[bool, typer.Option("--draft", help="A quarter of the pixels, 30 frames/s, quick.")]
Force = Annotated[bool, typer.Option("--force", help="Make this stage again even where it is fresh.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=256, help="Processes at once; by default the cores.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON event a line on standard output.")]
Outside = Annotated[bool, typer.Option("--allow-outside", help="Let the production name files outside its folder.")]
Device = Annotated[str, typer.Option("--device", help="Where networks are trained: auto, cpu or cuda.")]


class _Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but for the exit code."""


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_production(path: Path | None, *, draft: bool, allow_outside: bool) -> Production:
    """Load the production that a command line means."""
    if path is None and not Path(FILE_NAME).is_file():
        production = load_production(builtin_templates_folder() / "productions" / "demo.toml", allow_outside=True)
    else:
        production = load_production(path or Path(FILE_NAME), allow_outside=allow_outside)
    return production.draft() if draft else production


def open_workplace(
    production: Production, output: Path | None, *, jobs: int | None, force: frozenset[str], device: str
) -> Workplace:
    """Say where a production is built."""
    if device not in {"auto", "cpu", "cuda"}:
        raise InputError(f"There is no device '{device}'.", where="--device", expected="auto, cpu or cuda")
    folder = output or Path("out") / production.name
    store = Store(folder / "work")
    return Workplace(store=store, output=folder, jobs=jobs or _usable_cores(), force=force, device=device)


@contextmanager
def _logged(workplace: Workplace, production: Production, *, as_json: bool) -> Iterator[Workplace]:
    """Hold the folder, show the progress, keep the log."""
    with sole_builder(workplace.store.root):
        workplace.store.sweep()
        with choose_screen(as_json=as_json) as screen:
            with disk_errors(workplace.output):
                log = BuildLog(workplace.store.root / "build.log", screen, (production.folder,))
            log.open_build(" ".join(sys.argv[1:]), production.model_dump_json())
            error: BaseException | None = None
            try:
                store = Store(workplace.store.root, warn=log.warn)
                yield replace(workplace, store=store, report=log)
            except BaseException as caught:
                error = caught
                raise
            finally:
                log.close_build(error)


def _run_until(
    stage: str, production: Production, workplace: Workplace, *, dry_run: bool, as_json: bool
) -> Made | None:
    if dry_run:
        _print_survey(survey(production, workplace, stage), as_json=as_json)
        return None
    with _logged(workplace, production, as_json=as_json) as logged:
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

    with _logged(replace(workplace, force=frozenset()), production, as_json=as_json) as logged:
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
    with _logged(workplace, production, as_json=as_json) as logged:
        write_still(production, logged, at, picture)
    _announce(picture, as_json=as_json)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one without a production file.")],
    demo: Annotated[bool, typer.Option("--demo", help="Copy the demo film, voice and all, to change it.")] = False,
) -> None:
    """Make a commented production file and a place for recordings."""
    made = start_production(folder, demo=demo)
    print(made)
    if not demo:
        print(
            f"Put a recording at {folder / 'recordings' / 'voice.wav'}, then run: build-video {made}", file=sys.stderr
        )


@app.command()
def clean(
    path: ProductionPath = None,
    output: Output = None,
    everything: Annotated[bool, typer.Option("--all", help="Results in use too: all must be made again.")] = False,
    older_than: Annotated[float, typer.Option("--older-than", min=0, help="Only results so many days old.")] = 0.0,
    keep_checkpoints: Annotated[bool, typer.Option("--keep-checkpoints", help="Never what training made.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    allow_outside: Outside = False,
) -> None:
    """Free room: remove results that newer ones have replaced. Recordings and films are never touched."""
    production = find_production(path, draft=False, allow_outside=allow_outside)
    store = open_workplace(production, output, jobs=1, force=frozenset(), device="auto").store
    rules = CleaningRules(everything=everything, older_than_days=older_than, keep_checkpoints=keep_checkpoints)
    if not store.root.is_dir():
        print("There is nothing to clean.")
        return
    with sole_builder(store.root):
        chosen = choose_results(store, rules)
        for result in chosen:
            print(f"{result.size_bytes / 2**20:9.1f} MiB  {result.stage:<11} {result.name}")
        total = sum(result.size_bytes for result in chosen) if dry_run else remove_results(chosen)
    print(f"{total / 2**20:9.1f} MiB  {'would be freed' if dry_run else 'freed'}")


@app.command()
def doctor(output: Output = None, as_json: AsJson = False) -> None:
    """Say what this machine has, what is missing, and how to get it."""
    from pipeline.doctor import examine  # noqa: PLC0415 - looks into every room

    findings = examine(output or Path("out"))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.state:<8} {finding.name:<12} {finding.found}")
            if finding.mend:
                print(f"{'':<21} -> {finding.mend}")
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the production file, for editors."""
    print_json(Production.model_json_schema(by_alias=True))


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
    except (KeyboardInterrupt, typer.Abort) as error:
        print("build-video: interrupted. What was finished is kept; the same command goes on.", file=sys.stderr)
        return _TERMINATED if isinstance(error, _Terminated) else _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        told = _as_our_error(error)
        print_error(told, as_json=as_json)
        return told.exit_code


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise _Terminated


def main() -> None:
    """Run the command line of this process."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))
