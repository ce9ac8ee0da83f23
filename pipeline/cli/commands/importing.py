"""The command `import`: a production file for a run that another program has trained.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import AsJson, flag

runs = typer.Typer()


@runs.command("import")
def import_run(
    folder: Annotated[Path, typer.Argument(help="The folder of a training run, which is only read.", metavar="FOLDER")],
    production: Annotated[
        Path | None,
        typer.Argument(help="The production file to write. Default: one beside the folder.", metavar="PRODUCTION"),
    ] = None,
    add: Annotated[bool, flag("--add", help="Add a section to the end of a production that exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look through another program's training run, and write a production file for it."""
    from pipeline.outputs.import_run import place_for_import, write_import  # noqa: PLC0415 - brings array libraries along
    from pipeline.runs.draft import found_lines  # noqa: PLC0415
    from pipeline.runs.survey import survey_run  # noqa: PLC0415

    survey = survey_run(folder)
    found = found_lines(survey)
    written = write_import(survey, production or place_for_import(folder), add=add)
    if as_json:
        print_json({"event": "done", "file": str(written), "found": found})
        return
    for line in found:
        print(line)
    print(written)
    print(f"Make the film with: build-video {shlex.quote(str(written))}", file=sys.stderr)
