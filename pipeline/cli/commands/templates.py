"""The commands for templates: which there are, and copies of them to be changed.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import AsJson, ProductionPath, flag
from pipeline.cli.workplace import find_production

if TYPE_CHECKING:
    from pipeline.outputs.looking import Look
    from pipeline.production.schema import Production

templates = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@templates.callback()
def list_templates(context: typer.Context, as_json: AsJson = False) -> None:
    """List the built-in templates, or copy one beside the production to be changed."""
    if context.invoked_subcommand is None:
        from pipeline.outputs.template_copies import builtin_templates  # noqa: PLC0415

        found = builtin_templates()
        if as_json:
            print_json([*found])
        else:
            print("\n".join(found))


@templates.command()
def copy(
    name: Annotated[str, typer.Argument(help="The template: title, or cards/title; or a pack's name.", metavar="NAME")],
    path: ProductionPath = None,
    pack: Annotated[bool, flag("--pack", help="Copy all templates of a pack: dusk, poster, terminal.")] = False,
    force: Annotated[bool, flag("--force", help="Replace a file of your own.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Another templates folder than the production's.", metavar="FOLDER"),
    ] = None,
) -> None:
    """Put a built-in template beside the production, to be changed; from then on the film is made with it."""
    from pipeline.outputs.template_copies import copy_pack, copy_template  # noqa: PLC0415

    if folder is None:
        production = find_production(
            path, draft=False, allow_outside=False, as_json=False, answers=False, device="auto"
        )
        folder = production.resolve(production.templates, "templates")
    if pack:
        print("\n".join(str(path) for path in copy_pack(name, folder, replace=force)))
    else:
        print(copy_template(name, folder, replace=force))


def watch_picture(
    load: Callable[[], Production],
    open_look: Callable[[Production], AbstractContextManager[Look]],
    still: tuple[Path, str, str | None],
    *,
    as_json: bool,
) -> None:
    """Draw a still whenever a file is saved that it is made from; `still` is its path, its time and its card."""
    from pipeline.outputs.watching import watch_still  # noqa: PLC0415 - brings pictures along

    path, at, card = still
    for drawn in watch_still(load, open_look, path, at=at, card=card):
        if as_json:
            error = None if drawn.error is None else str(drawn.error)
            print_json({"still": str(path), "seconds": round(drawn.seconds, 3), "error": error})
        elif drawn.error is not None:
            print(f"{drawn.error}\n", flush=True)
        else:
            print(f"{path}, drawn in {drawn.seconds:.2f} s", flush=True)
