"""build-video: arguments, progress, messages, exit codes.

    build-video                           the production.toml of this folder, or the demo
    build-video PRODUCTION.toml           all the way to the video
    build-video RECORDING...              a film of these recordings, begun in a folder beside them
    build-video STAGE [PRODUCTION.toml]   up to and including one stage

This module turns words into calls and errors into words. It makes nothing itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from pipeline.cli.command_words import command_line_error
from pipeline.cli.commands.build import building
from pipeline.cli.commands.export import export
from pipeline.cli.commands.facts import facts_app
from pipeline.cli.commands.importing import runs
from pipeline.cli.commands.side import side
from pipeline.cli.commands.studio import studio_app
from pipeline.cli.commands.takes import LIST, takes
from pipeline.cli.commands.templates import templates
from pipeline.cli.console import print_error
from pipeline.cli.entrance import INTERRUPTED, as_our_error, check_working_folder, stopped_exit_code
from pipeline.cli.start import run_tool
from pipeline.cli.workplace import begin_command, farewell
from pipeline.errors import BuildVideoError, InputError

_TOOLS_PANEL: Final = "Tools beside the film"
_TOOL_WORDS: Final = {
    "graph": "Draw a line graph of a CSV log, however long.",
    "to-text": "Turn any bytes, or a recording, into UTF-8 text.",
    "from-text": "Turn such text back into the same bytes.",
}

app = typer.Typer(
    help="From voice recordings to a finished HD video of a neural network learning to speak.",
    epilog="build-video alone builds the production.toml of this folder or, where there is none, the demo; build-video "
    "FILE builds that production, or begins a film with that recording. --debug shows the traceback of an error.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(building)
app.add_typer(side)
app.add_typer(runs)
app.add_typer(facts_app)
app.add_typer(studio_app)


def _tool(context: typer.Context) -> None:
    """Hand a tool its arguments as they are: it has a help of its own."""
    raise typer.Exit(run_tool([str(context.info_name), *context.args]))


_AS_THEY_ARE: Final = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
for _name, _words in _TOOL_WORDS.items():
    app.command(name=_name, help=_words, rich_help_panel=_TOOLS_PANEL, context_settings=_AS_THEY_ARE)(_tool)
app.add_typer(export, name="export")
app.add_typer(takes, name="takes")
app.add_typer(templates, name="templates")


_OF_THE_WHOLE: Final = frozenset({"-h", "--help", "--install-completion", "--show-completion"})
"""Options that belong to no command."""


def expand_arguments(arguments: Sequence[str]) -> list[str]:
    """Put the hidden command `build` where a production file, or nothing, stands in place of a command."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    if arguments and (arguments[0] in commands or arguments[0] in _OF_THE_WHOLE):
        listing = arguments[0] == "takes" and not {*arguments[1:2]} & {"choose", "-h", "--help"}
        return ["takes", LIST, *arguments[1:]] if listing else list(arguments)
    first = arguments[0] if arguments else ""
    if first and not first.startswith("-") and "." not in first and not Path(first).exists():
        raise InputError(
            f"There is no command '{first}', and no such file.",
            where="command line",
            expected=", ".join(sorted(commands)),
            hint="build-video --help explains them.",
        )
    return ["build", *arguments]


def _dispatch(arguments: list[str]) -> int:
    outcome = app(expand_arguments(arguments), prog_name="build-video", standalone_mode=False)
    if outcome == INTERRUPTED:  # typer has taken the interruption for an exit code
        raise KeyboardInterrupt
    return outcome if isinstance(outcome, int) else 0


def _in_words(error: Exception) -> BuildVideoError:
    return command_line_error(error) if isinstance(error, typer.TyperException) else as_our_error(error)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug, as_json = "--debug" in arguments, "--json" in arguments
    begin_command()
    try:
        check_working_folder()
        return _dispatch([argument for argument in arguments if argument != "--debug"])
    except (KeyboardInterrupt, typer.Abort):
        print(farewell(), file=sys.stderr)
        return stopped_exit_code()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        failure = _in_words(error)
        print_error(failure, as_json=as_json)
        return failure.exit_code
