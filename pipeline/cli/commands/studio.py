"""The command `studio`: a page on which a film is seen, heard, changed and built.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Cluster, Output, Outside, flag
from pipeline.errors import InputError, ProductionError
from pipeline.production.schema import FILE_NAME
from pipeline.runtime.wording.installing import extra_command

studio_app = typer.Typer()


@studio_app.command()
def studio(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A production file or a folder, with one or for one. Default: this folder.", metavar="PRODUCTION"
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Port to listen on; 0: any that is free.")
    ] = 0,
    no_open: Annotated[bool, flag("--no-open", help="Open no browser; the address is printed.")] = False,
    host: Annotated[
        str, typer.Option("--host", metavar="NAME", help="Listen beyond this machine too, over plain HTTP.")
    ] = "127.0.0.1",
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="Ask for the password in this file, not a new token."),
    ] = None,
    output: Output = None,
    allow_outside: Outside = False,
    cluster: Cluster = None,
) -> None:
    """Open the film in the browser: see, listen, choose, correct and build it."""
    if cluster is not None:
        from pipeline.cli.clusters import joining  # noqa: PLC0415 - only then is there more to import

        joining(cluster, None)  # what is wrong with it is said now, not when the first build begins
    try:
        from pipeline.studio.server import Place, serve  # noqa: PLC0415 - brings a web server along
    except ImportError as error:
        if str(error.name).startswith("pipeline"):
            raise
        raise InputError(
            f"The studio needs a package that is not installed: {error.name}.",
            where="build-video studio",
            expected="the packages of its extra",
            hint=extra_command("studio"),
        ) from error
    serve(
        production_file(path or Path()),
        Place(host, port, password_file, opens=not no_open),
        partial(print, flush=True),
        output=output,
        allow_outside=allow_outside,
        cluster=cluster or "",
    )


def production_file(path: Path) -> Path:
    """The production file that is meant, there or not yet.

    Raises
    ------
    ProductionError
        Where a file is named that is none and can't become one.
    """
    if path.suffix.lower() == ".toml" or path.is_file():
        if not path.is_file() or path.suffix.lower() != ".toml":
            raise ProductionError(
                "There is no such production file." if not path.is_file() else "This is no production file.",
                where=str(path),
                expected=f"a TOML file, or a folder with or for a {FILE_NAME}",
            )
        return path
    return path / FILE_NAME
