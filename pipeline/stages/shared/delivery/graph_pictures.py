"""The loss graphs of every section as large pictures beside the film, in the folder `graphs`.

Four a section: training and validation loss, each on a linear and on a logarithmic time scale, drawn by the line
grapher in the film's theme, with a pixel for each iteration as far as PNG readers take it. This module owns their size,
names and keys. It does not know how graphs are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from pipeline.film.delivery.spec import deliver, missing
from pipeline.learning.training.loss_log import read_columns
from pipeline.picture.plotting.axis import Scale
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.wording.units import NATS_PER_BIT
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import file_sha256, remove_strays
from pipeline.store.names import PlainName
from pipeline.store.store import Json, Piece, Result, write_record
from pipeline.tools.graph.command import run_graph
from pipeline.tools.graph.options import AxisOptions, GraphOptions, SeriesOptions

WORDS: Final = ("element", "scene")
"""The tables of a word list that they are written with."""
FOLDER: Final = "graphs"
"""Where they lie, beside the film."""
STAGE: Final = "compose"
VERSION: Final = 1
NARROWEST_PX, WIDEST_PX = 1920, 16_383
LOWEST_PX, HIGHEST_PX = 1080, 2160
_BITS: Final = 1 / NATS_PER_BIT
_FLATTEST: Final = 7.5
"""Width to height of the widest."""


@dataclass(frozen=True)
class _Loss:
    """One of the two losses: its name, its column in the loss log and that column's number, its colour in a theme."""

    name: str
    column: str
    number: int
    colour: str


_LOSSES: Final = (
    _Loss("training", "training_loss_nats", 4, "training_mean"),
    _Loss("validation", "validation_loss_nats", 5, "validation"),
)
_TIMES: Final[tuple[tuple[str, Scale], ...]] = (("linear", "linear"), ("logarithmic", "log1p"))


class GraphPictures(BaseModel):
    """The pictures of one section; fewer than four where a loss was not measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[PlainName, ...]


def pieces(production: Production, results: Results) -> list[Piece]:
    """One piece a section of our own, determined by its losses, its title and the theme; none where none are wanted."""
    if not production.video.graphs:
        return []
    theme = load_theme(production.video.theme, production.templates_folder)
    look: dict[str, Json] = {
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        "most": [WIDEST_PX, HIGHEST_PX],
    }
    if identity := language_of(production).identity(*WORDS):
        look["language"] = identity
    return [
        Piece(
            STAGE,
            production.piece_name(f"graphs-{number}"),
            VERSION,
            {**look, "number": number, "title": section.title, "losses": run.content_hash},
        )
        for number, (section, run) in enumerate(zip(production.sections, results.runs, strict=True), start=1)
        if section.run is None
    ]


def run(production: Production, results: Results, workplace: Workplace) -> None:
    """Draw the pictures that are not fresh, and put all of them where the user finds them."""
    wanted, store = pieces(production, results), workplace.store
    found = [None if STAGE in workplace.force else store.result(piece, GraphPictures) for piece in wanted]
    stale = [index for index, result in enumerate(found) if result is None]
    if stale:
        workplace.report.begin(WorkStart(STAGE, "graphs", float(len(stale)), "sections"))
    for done, index in enumerate(stale, start=1):
        section = int(str(wanted[index].ingredients["number"])) - 1
        found[index] = _drawn(production, results, section, wanted[index], workplace)
        workplace.report.advance(float(done), f"section {section + 1}")
    target = workplace.output / FOLDER
    remove_strays(target)
    for result in found:
        if result is not None:
            deliver(result.folder, result.record.files, target)


def undelivered(production: Production, results: Results, workplace: Workplace) -> tuple[str, ...]:
    """Name the pictures that are fresh and don't lie where the user looks for them."""
    found = [workplace.store.result(piece, GraphPictures) for piece in pieces(production, results)]
    target = workplace.output / FOLDER
    absent = [missing(result.folder, result.record.files, target) for result in found if result is not None]
    return tuple(f"{FOLDER}/{name}" for names in absent for name in names)


def _drawn(
    production: Production, results: Results, index: int, piece: Piece, workplace: Workplace
) -> Result[GraphPictures]:
    run = results.training(index)
    log = run.path(run.record.log_file)
    names = []
    with workplace.store.publish(piece) as folder:
        for name, options in _graphs(production, index, log):
            run_graph(options, str(folder / name))
            names.append(name)
        write_record(folder, GraphPictures(files=tuple(names)))
    return workplace.store.published(piece, GraphPictures)


def _graphs(production: Production, index: int, log: Path) -> Iterator[tuple[str, GraphOptions]]:
    """The pictures' names, and what is to be drawn."""
    numbers = read_columns(log)
    last = int(numbers[-1, 0]) if len(numbers) else 0
    width, height = picture_size(last)
    own = production.templates_folder
    colours, language = load_theme(production.video.theme, own).colours, language_of(production)
    for loss, (time, scale) in product(_LOSSES, _TIMES):
        if np.isfinite(numbers[:, loss.number]).any():
            title = production.sections[index].title
            title = title if scale == "linear" else f"{title}: {language.text('scene.logarithmic_time')}"
            yield (
                f"section-{index + 1}-{loss.name}-{time}.png",
                GraphOptions(
                    logs=(str(log),),
                    series=(SeriesOptions(column=loss.column, colour=getattr(colours, loss.colour), factor=_BITS),),
                    x="iteration",
                    width=width,
                    height=height,
                    x_axis=AxisOptions(
                        scale=scale, low=0.0, high=float(max(last, 1)), label=language.text("element.iterations")
                    ),
                    y_axes=(AxisOptions(label=language.text(f"scene.{loss.name}_loss")),),
                    title=title,
                    theme=production.video.theme,
                    templates=own,
                ),
            )


def picture_size(iterations: int) -> tuple[int, int]:
    """Width and height for a training of so many iterations: a pixel for each, within bounds."""
    width = min(max(iterations, NARROWEST_PX), WIDEST_PX)
    return width, min(max(round(width / _FLATTEST), LOWEST_PX), HIGHEST_PX)
