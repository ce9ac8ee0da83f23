"""The loss graphs of every section as large pictures beside the film, in the folder `graphs`.

Four a section: training and validation loss, each on a linear and on a logarithmic time scale, drawn by the line
grapher in the film's theme, with a pixel for each iteration as far as PNG readers take it. This module owns their size,
names and keys. It does not know how graphs are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from pipeline.film.delivery.spec import deliver, missing
from pipeline.learning.training.loss_log import read_columns
from pipeline.picture.panels.graphs.loss_words import title_for
from pipeline.picture.plotting.axis import Axis, Scale
from pipeline.picture.plotting.logged_axis import logged_axis
from pipeline.picture.plotting.number_style import number_style
from pipeline.picture.plotting.ticks import NumberStyle
from pipeline.picture.plotting.training_mean import SMOOTH, training_mean
from pipeline.picture.theme.curve_colours import looks_beside
from pipeline.picture.theme.theme import load_theme
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import WorkStart
from pipeline.runtime.wording.units import NATS_PER_BIT
from pipeline.stages.shared.facts.film_language import language_of
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.further import further_curves
from pipeline.stages.shared.sections.losses import Trained, is_run, losses_key, section_losses
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import file_sha256, remove_strays
from pipeline.store.names import PlainName
from pipeline.store.store import Json, Piece, Result, write_record
from pipeline.tools.graph.command import run_graph
from pipeline.tools.graph.data.series import Floats, LabelledCurve, MeanLine
from pipeline.tools.graph.options import AxisOptions, GraphOptions, SeriesOptions

WORDS: Final = ("element", "scene")
"""The tables of a word list that they are written with."""
FOLDER: Final = "graphs"
"""Where they lie, beside the film."""
STAGE: Final = "compose"
VERSION: Final = 2
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


_Drawn = tuple[str, GraphOptions, Sequence[LabelledCurve] | None, MeanLine | None]
"""A picture's name, how it is drawn, the curves in it where they come from no log of ours, and what its line shows."""


class GraphPictures(BaseModel):
    """The pictures of one section; fewer than four where a loss was not measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[PlainName, ...]


def pieces(production: Production, results: Results) -> list[Piece]:
    """One piece a section, determined by its losses, its title and the theme; none where none are wanted."""
    if not production.video.graphs:
        return []
    theme = load_theme(production.video.theme, production.templates_folder)
    look: dict[str, Json] = {
        "theme": theme.model_dump(mode="json"),
        "fonts": [file_sha256(path) for path in theme.font_files],
        "most": [WIDEST_PX, HIGHEST_PX],
    }
    language = language_of(production)
    if identity := language.identity(*WORDS):
        look["language"] = identity
    if (numbers := number_style(language)) != NumberStyle():
        look["numbers"] = [numbers.grouping, numbers.decimal]
    return [
        Piece(
            STAGE,
            production.piece_name(f"graphs-{number}"),
            VERSION,
            {**look, "number": number, "title": section.title, "losses": losses_key(trained)},
        )
        for number, (section, trained) in enumerate(zip(production.sections, results.runs, strict=True), start=1)
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
    names = []
    with workplace.store.publish(piece) as folder:
        for name, options, curves, mean_line in _graphs(production, results, index):
            run_graph(options, str(folder / name), curves=curves, mean_line=mean_line)
            names.append(name)
        write_record(folder, GraphPictures(files=tuple(names)))
    return workplace.store.published(piece, GraphPictures)


def _graphs(production: Production, results: Results, index: int) -> Iterator[_Drawn]:
    """What is drawn of a section: its loss log, or of a run of another program its curves."""
    trained = results.runs[index]
    return _of_run(production, index, trained) if is_run(trained) else _of_training(production, index, results)


def _of_training(production: Production, index: int, results: Results) -> Iterator[_Drawn]:
    run = results.training(index)
    log = run.path(run.record.log_file)
    numbers = read_columns(log)
    last = int(numbers[-1, 0]) if len(numbers) else 0
    colours = load_theme(production.video.theme, production.templates_folder).colours
    for loss in _LOSSES:
        if np.isfinite(numbers[:, loss.number]).any():
            series = SeriesOptions(column=loss.column, colour=getattr(colours, loss.colour), factor=_BITS)
            mean_line = _mean_over_passes(numbers) if loss.name == "training" else None
            for name, options in _both_times(production, index, loss, last):
                yield name, replace(options, logs=(str(log),), series=(series,), x="iteration"), None, mean_line


def _mean_over_passes(log: Floats) -> MeanLine:
    """The line of a training loss that the film has: a mean over whole passes through the training data."""

    def mean_line(iterations: Floats, losses: Floats, axis: Axis) -> Floats:
        epochs = np.interp(iterations, log[:, 0], log[:, 1])
        return training_mean(iterations, losses, epochs, axis, SMOOTH * axis.length_px)

    return mean_line


def _of_run(production: Production, index: int, trained: Trained) -> Iterator[_Drawn]:
    losses, language = section_losses(trained), language_of(production)
    colours = load_theme(production.video.theme, production.templates_folder).colours
    ends = [int(one.iterations[-1]) for one in (*losses.training, *losses.validation) if one.iterations.size]
    for loss in _LOSSES:
        logged = losses.training if loss.name == "training" else losses.validation
        together = [*logged[:1], *further_curves(logged)]
        looks = [getattr(colours, loss.colour), *(look.colour for look in looks_beside(colours, len(together)))]
        curves = [
            LabelledCurve(one.name, one.iterations, one.values * losses.unit.factor, colour)
            for one, colour in zip(together, looks, strict=False)
            if np.isfinite(one.values).any()
        ]
        if not curves:
            continue
        values = np.concatenate([one.y for one in curves])
        axis = logged_axis(values[np.isfinite(values)], HIGHEST_PX)
        title = title_for(
            language.text(f"scene.{loss.name}_loss"), losses.unit, (language.text("scene.bits_per_byte"),)
        )
        for name, options in _both_times(production, index, loss, max(ends)):
            up = AxisOptions(scale=axis.scale, low=axis.first, high=axis.last, label=title)
            yield name, replace(options, y_axes=(up,)), curves, None


def _both_times(production: Production, index: int, loss: _Loss, last: int) -> Iterator[tuple[str, GraphOptions]]:
    """The pictures' names of one loss, on either time scale, and how both are drawn."""
    language, (width, height) = language_of(production), picture_size(last)
    for time, scale in _TIMES:
        title = production.sections[index].title
        title = title if scale == "linear" else f"{title}: {language.text('scene.logarithmic_time')}"
        across = AxisOptions(scale=scale, low=0.0, high=float(max(last, 1)), label=language.text("element.iterations"))
        yield (
            f"section-{index + 1}-{loss.name}-{time}.png",
            GraphOptions(
                width=width,
                height=height,
                x_axis=across,
                y_axes=(AxisOptions(label=language.text(f"scene.{loss.name}_loss")),),
                title=title,
                theme=production.video.theme,
                templates=production.templates_folder,
                numbers=number_style(language),
            ),
        )


def picture_size(iterations: int) -> tuple[int, int]:
    """Width and height for a training of so many iterations: a pixel for each, within bounds."""
    width = min(max(iterations, NARROWEST_PX), WIDEST_PX)
    return width, min(max(round(width / _FLATTEST), LOWEST_PX), HIGHEST_PX)
