"""The film and its cuts: which films a production makes, one after the other.

This module knows that a cut begins where the film's takes are made, and nothing of what a stage does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.build.cutting import cut_film, find_cut, place_for
from pipeline.build.forecast import surveyed
from pipeline.build.stage_order import OWN, SHARED, STAGES, StageSurvey, build, check_all, load_stage, survey_stages
from pipeline.errors import InputError, ProductionError
from pipeline.film.planning.cut_settings import CutSettings
from pipeline.production.schema import Production
from pipeline.runtime.progress.reporter import SILENT, WorkTime
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.workplace import Workplace


def check_cut(stage: str, cut: str | None) -> None:
    """Check that a stage can be asked for one cut alone.

    Raises
    ------
    InputError
        Where the film and its cuts share the stage.
    """
    if cut is not None and stage in SHARED:
        raise InputError(
            f"The stage '{stage}' is the film's and all its cuts'.",
            where="--cut",
            expected=f"--cut with one of {', '.join(OWN)}, or without a stage",
        )


def check_films(production: Production, until: str = STAGES[-1], cut: str | None = None) -> None:
    """Look for every fault that a build would find before it makes anything; see `check_all` for the errors."""
    cuts = production.cuts if cut is None else (find_cut(production, cut),)
    check_all(production, cuts if until in OWN else (), STAGES if until != "prepare" else STAGES[:1])


def notes_on_names(production: Production, until: str = STAGES[-1]) -> list[str]:
    """What a build up to a stage says of names that are called otherwise now, in the production and in templates."""
    from pipeline.stages import cards, compose, storyboard  # noqa: PLC0415 - they bring large libraries along
    from pipeline.stages.shared.facts.former import former_names_in_words  # noqa: PLC0415

    reading = [stage for stage in (storyboard, cards, compose) if until in OWN[OWN.index(stage.STAGE) :]]
    names = (one for stage in reading for one in stage.names_of_before(production))
    return [*production.notes, *former_names_in_words(names)]


def build_one(
    production: Production, workplace: Workplace, until: str = STAGES[-1], cut: str | None = None
) -> tuple[Production, Results]:
    """Make the film, or one of its cuts and of the film only what the cut needs.

    Returns
    -------
    tuple[Production, Results]
        The production of what was made, and everything made for it.
    """
    if cut is None:
        return production, build(production, workplace, until)
    chosen = find_cut(production, cut)
    shared = replace(workplace, force=workplace.force - set(SHARED))
    film = build(production, shared, SHARED[-1], cuts=(chosen,), cut_stages=OWN[: OWN.index(until) + 1])
    return _build_cut(production, chosen, film, workplace, until)


def build_all(production: Production, workplace: Workplace, until: str = STAGES[-1]) -> dict[str, Results]:
    """Make the film and then its cuts, up to and including one stage; by the cut's name, '' for the film."""
    own = OWN[: OWN.index(until) + 1] if until in OWN else ()
    results = build(production, workplace, until, cuts=production.cuts, cut_stages=own)
    cuts = production.cuts if own else ()
    return {"": results} | {cut.name: _build_cut(production, cut, results, workplace, until)[1] for cut in cuts}


def _build_cut(
    production: Production, cut: CutSettings, film: Results, workplace: Workplace, until: str
) -> tuple[Production, Results]:
    place = place_for(workplace, cut)
    shown, results = cut_film(production, cut, film, place.report)
    for name in OWN[: OWN.index(until) + 1]:
        results = load_stage(name).run(shown, results, place)
    return shown, results


def trained_so_far(production: Production, workplace: Workplace) -> Production:
    """Cut every training down to the checkpoints that are there; a section without any is left out.

    Raises
    ------
    ProductionError
        Where no section has been trained at all.
    """
    from pipeline.build.trainings import reached  # noqa: PLC0415 - brings torch along

    results = load_stage("prepare").run(production, Results(), replace(workplace, force=frozenset()))
    sections, left_out = [], []
    for number, (section, iteration) in enumerate(
        zip(production.sections, reached(production, results, workplace), strict=True), start=1
    ):
        if iteration is None:
            sections.append(section)
        elif iteration:
            length = {"iterations": iteration, "minutes": None, "epochs": None}
            sections.append(section.model_copy(update={"training": section.training.model_copy(update=length)}))
        else:
            left_out.append(number)
    if not sections:
        raise ProductionError(
            "No network has been trained yet, so no film can be made yet.",
            where=str(workplace.store.root),
            expected="a training with two checkpoints or more",
            hint="Let build-video train for a while first.",
        )
    if not left_out:
        return production.with_other_length(tuple(sections))
    numbers = ", ".join(map(str, left_out))
    workplace.report.warn(
        f"not trained yet, and left out with all inserts, cards of one's own, songs and cuts: section {numbers}"
    )
    gone = dict.fromkeys(("inserts", "cards", "songs", "cuts"), ())
    return production.with_other_length(tuple(sections)).model_copy(update=gone)


def time_ahead(surveys: Sequence[StageSurvey], production: Production, workplace: Workplace) -> list[WorkTime]:
    """How long a build would take, by what a survey of the film and its cuts has found."""
    film = {one.stage: _to_make(one) for one in surveys if not one.cut}
    stale = {one.cut for one in surveys if one.cut and one.state != "fresh"}
    stages = [one.stage for one in surveys if one.cut == next(iter(sorted(stale)), "")]
    return surveyed(production, workplace, film, [cut for cut in production.cuts if cut.name in stale], stages)


def _to_make(one: StageSurvey) -> list[bool] | None:
    """Of each piece, whether it is still to be made; None where that is not known."""
    if one.state != "waits":
        return [state.state != "fresh" for _, state in one.pieces]
    return None if one.foreseen is None else [is_to_make for _, is_to_make in one.foreseen.pieces]


def survey_all(
    production: Production,
    workplace: Workplace,
    until: str = STAGES[-1],
    cut: str | None = None,
    *,
    is_counted: bool = False,
) -> list[StageSurvey]:
    """Look at the film and its cuts, or at one cut and what it stands on, without making anything.

    Parameters
    ----------
    is_counted
        Whether to count, where stages wait for others, what they will have to make: the film is planned for that.
    """
    wanted = production.cuts if cut is None else (find_cut(production, cut),)
    found, results, waits_for = survey_stages(production, Results(), workplace, SHARED[: STAGES.index(until) + 1])
    if until not in OWN:
        return _counted(found, production, workplace, ()) if is_counted else found
    own = OWN[: OWN.index(until) + 1]
    if cut is None:
        found += survey_stages(production, results, workplace, own, waits_for)[0]
    for one in wanted:
        place = place_for(workplace, one)
        shown, of_cut = production.dressed(one), results
        if not waits_for:
            shown, of_cut = cut_film(production, one, results, SILENT)
        found += survey_stages(shown, of_cut, place, own, waits_for)[0]
    return _counted(found, production, workplace, wanted) if is_counted else found


def _counted(
    surveys: Sequence[StageSurvey], production: Production, workplace: Workplace, cuts: Sequence[CutSettings]
) -> list[StageSurvey]:
    """Say of stages that wait what they will have to make."""
    if all(one.state != "waits" for one in surveys):
        return list(surveys)
    from pipeline.build.unmade.foresee import foresee  # noqa: PLC0415 - brings all stages along

    foreseen = foresee(production, workplace, cuts)
    return [
        replace(one, foreseen=foreseen.get((one.cut, one.stage))) if one.state == "waits" else one for one in surveys
    ]
