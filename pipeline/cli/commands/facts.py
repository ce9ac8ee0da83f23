"""The command `facts`: what templates may name, and what it is in a production.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import FilmOptions, with_groups
from pipeline.cli.workplace import looked_at

facts_app = typer.Typer()


@facts_app.command()
@with_groups
def facts(options: FilmOptions) -> None:
    """List all facts that cards and captions may name, with what they are in this film; nothing is trained for it."""
    from pipeline.outputs.fact_list import (  # noqa: PLC0415 - brings pictures along
        as_lines,
        facts_of,
        former_names,
        moment_facts,
        own_filters,
    )

    production = options.find(answers=True)
    workplace = options.open(production)
    with looked_at(production, workplace, None, build=False, as_json=options.as_json) as shown:
        if options.as_json:
            more = {
                "moment": moment_facts(),
                "filters": own_filters(),
                "former": former_names(),
                "is_made_up": not shown.is_real,
            }
            print_json({"facts": facts_of(shown), **more})
            return
        if not shown.is_real:
            print("Not all is trained yet: some values are made up.")
        for line in as_lines(shown):
            print(line)
