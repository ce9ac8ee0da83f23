"""The options that commands share, each said once, and groups of them that a command takes as one parameter.

This module knows how options are written. What they do is with the commands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from pipeline.cli.workplace import Join, find_production
from pipeline.outputs.owner import open_workplace
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace

flag = partial(typer.Option, metavar="")
"""An option that takes no value."""

ProductionPath = Annotated[
    Path | None,
    typer.Argument(
        help="A production file, its folder, or a recording of it. Default: ./production.toml, or the demo.",
        metavar="PRODUCTION",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder of the film. Default: out/<production>.", metavar="FOLDER"),
]
Draft = Annotated[bool, flag("--draft", help="A small, quick film: a ninth of the pixels, at most 30 frames/s.")]
Force = Annotated[bool, flag("--force", help="Make this stage again, even where it is fresh.")]
DryRun = Annotated[bool, flag("--dry-run", help="Say what would be made and how long it takes; make nothing.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, max=256, help="How many processes may work at once. Default: all cores."
    ),
]
AsJson = Annotated[bool, flag("--json", help="Print JSON on standard output, for other programs.")]
Outside = Annotated[bool, flag("--allow-outside", help="Let the production name files outside its folder.")]
Cut = Annotated[
    str | None,
    typer.Option("--cut", help="One of the production's cuts, instead of the film.", metavar="NAME"),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        "--minutes", metavar="N", min=0.05, max=100_000, help="Training time of the whole film, in place of the file's."
    ),
]
FromHere = Annotated[bool, flag("--from-here", help="Train no further: a film of the checkpoints so far.")]
Build = Annotated[bool, flag("--build", help="First make everything that is missing, training included.")]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Where networks are trained: auto, cpu, cuda or cuda:1.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="NAME",
        help="Who does the work: tcp://HOST:PORT of a Dask scheduler, local, or a file of settings (`templates copy "
        "slurm` makes one). Dask's workers run what they are sent: name only a scheduler that you trust, in a network "
        "that you trust, or use TLS.",
    ),
]


@dataclass(frozen=True)
class ProductionOptions:
    """Which film a command is about, and in which form."""

    path: ProductionPath = None
    draft: Draft = False
    as_json: AsJson = False
    allow_outside: Outside = False

    def find(self, *, answers: bool = False, device: str = "auto") -> Production:
        """Load the production, as `find_production` does."""
        return find_production(
            self.path,
            draft=self.draft,
            allow_outside=self.allow_outside,
            as_json=self.as_json,
            answers=answers,
            device=device,
        )


@dataclass(frozen=True)
class FilmOptions(ProductionOptions):
    """The same, and where the film lies."""

    output: Output = None

    def open(self, production: Production, *, jobs: int | None = 1) -> Workplace:
        """Open the place where the film lies, to look at it."""
        return open_workplace(production, self.output, jobs=jobs, force=frozenset(), device="auto")


@dataclass(frozen=True)
class LookOptions(FilmOptions):
    """The same, for commands that show or export a part of the film."""

    cut: Cut = None
    jobs: Jobs = None
    build: Build = False


@dataclass(frozen=True)
class BuildOptions(FilmOptions):
    """The same, for commands that build it."""

    force: Force = False
    dry_run: DryRun = False
    jobs: Jobs = None
    device: Device = "auto"
    cluster: Cluster = None

    def join(self) -> Join:
        """Return what opens the executor that `--cluster` names; without it, pieces stay on this machine."""
        if self.cluster is None:
            return nullcontext
        from pipeline.cli.clusters import joining  # noqa: PLC0415 - only then is there more to import

        return joining(self.cluster, self.jobs)

    def find_and_open(self, *forced: str) -> tuple[Production, Workplace]:
        """Load the production and open its workplace.

        Parameters
        ----------
        forced
            The stages that `--force` is about.
        """
        production = self.find(answers=self.dry_run, device=self.device)
        again = frozenset(forced) if self.force else frozenset()
        return production, open_workplace(production, self.output, jobs=self.jobs, force=again, device=self.device)


@dataclass(frozen=True)
class FilmBuildOptions(BuildOptions):
    """The same, for stages that may be run for one cut, or for another training time."""

    cut: Cut = None
    minutes: Minutes = None
    from_here: FromHere = False


def with_groups(command: Callable[..., None], *, without: Collection[str] = ()) -> Callable[..., None]:
    """Let each parameter of a command that is a group of options stand for all options in it.

    Parameters
    ----------
    without
        Options of the groups that this command does not take.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        if not is_dataclass(hints[name]):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))
            continue
        group = groups[name] = hints[name]
        own = get_type_hints(group, include_extras=True)
        parameters += [
            inspect.Parameter(
                option.name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=own[option.name]
            )
            for option in fields(group)
            if option.name not in without
        ]

    @wraps(command)
    def called(**values: Any) -> None:
        gathered = {
            name: group(**{one.name: values.pop(one.name) for one in fields(group) if one.name not in without})
            for name, group in groups.items()
        }
        command(**gathered, **values)

    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called
