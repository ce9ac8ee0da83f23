"""The commands `takes` and `takes choose`: what the networks have said, and which candidate the film takes.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import FilmOptions, Output, Outside, ProductionPath, with_groups
from pipeline.cli.workplace import DEMO, find_production
from pipeline.errors import InputError
from pipeline.outputs.looking import see
from pipeline.outputs.owner import open_workplace
from pipeline.production.editing.file import choose_candidate
from pipeline.production.schema import Production
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.lock import holder

if TYPE_CHECKING:
    from pipeline.audio.measures.record import VoiceMeasures
    from pipeline.outputs.take_list import ListedTake

takes = typer.Typer(help="List all takes and their candidates (without a command), or choose one.")
LIST = "list"
"""The hidden command that `takes` stands for."""


def _listed(production: Production, workplace: Workplace) -> list[ListedTake]:
    from pipeline.outputs.take_list import list_takes  # noqa: PLC0415 - brings pictures along

    with see(production, workplace, beside=True) as seen:
        return list_takes(seen)


@takes.command(name=LIST, hidden=True)
@with_groups
def list_all(options: FilmOptions) -> None:
    """List takes and candidates with what was measured, and copy them to where they can be listened to."""
    from pipeline.outputs.take_list import (  # noqa: PLC0415 - brings pictures along
        FOLDER,
        list_takes,
        recording_voices,
        write_copies,
    )

    production = options.find(answers=True)
    workplace = options.open(production)
    with see(production, workplace, beside=True) as seen:
        recordings = recording_voices(seen)
        listed = list_takes(seen, recordings)
    folder = workplace.output / FOLDER
    write_copies(listed, folder)
    if options.as_json:
        print_json([one.as_json(folder) for one in listed])
        return
    if other := holder(workplace.store.root):
        print(f"A build works in this folder: {other}.")
    if not listed:
        print("There are no takes yet: nothing is trained.")
        return
    print(f"In {folder}; * is the one in the film, + the one that was chosen by hand:")
    for line in _table(listed, recordings):
        print(line)
    if any(one.candidate for one in listed):
        print("Another one: build-video takes choose ITERATION LETTER")


_COLUMNS: Final = (
    *("", "take", "length", "distance", "silence", "clipped"),
    *("voiced", "pitch", "pauses", "vowels", "spectrum", ""),
)
_TO_THE_LEFT: Final = {0, 1, len(_COLUMNS) - 1}


def _table(listed: Sequence[ListedTake], recordings: Sequence[VoiceMeasures | None]) -> list[str]:
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for number in sorted({one.section for one in listed}):
        if number <= len(recordings) and recordings[number - 1] is not None:
            name = f"section-{number}: the recording"
            rows.append(("", name, *[""] * 4, *_voice_cells(recordings[number - 1], None), ""))
        rows += [_row(one) for one in listed if one.section == number]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return [
        "  ".join(
            cell.ljust(width) if column in _TO_THE_LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(one: ListedTake) -> tuple[str, ...]:
    if one.facts is None or one.seconds is None:
        return ("", one.name, *[""] * (len(_COLUMNS) - 3), "not made yet")
    facts = one.facts
    warnings = ["noise"] * facts.noise + [f"{facts.cut_s:.1f} s of dead air cut"] * (facts.cut_s > 0)
    if facts.copied_samples:
        warnings.append(f"{facts.copied_samples:,} bytes stand in the recording")
    distance = "" if one.distance is None else f"{one.distance:.2f}"
    mark = {"rule": "*", "hand": "+"}.get(one.chosen, "")
    numbers = f"{one.seconds:.1f} s", distance, f"{facts.silence_share:.0%}", f"{facts.clipped_share:.1%}"
    return (mark, one.name, *numbers, *_voice_cells(facts.voice, one.spectrum_db), ", ".join(warnings))


def _voice_cells(voice: VoiceMeasures | None, spectrum_db: float | None) -> tuple[str, ...]:
    """Voiced share, pitch, pauses, vowels, how far the spectrum is off; nothing for what was never measured."""
    if voice is None:
        return ("",) * 5
    return (
        f"{voice.voiced_share:.0%}",
        "" if voice.pitch_hz is None else f"{voice.pitch_hz:.0f} Hz",
        f"{voice.pause_share:.0%}, {voice.pause_s:.2f} s" if voice.pauses else "0%",
        f"{voice.vowel_share:.0%}",
        "" if spectrum_db is None else f"{spectrum_db:.1f} dB",
    )


@takes.command()
def choose(
    take: Annotated[str, typer.Argument(help="Its iteration, or its name in the list.", metavar="ITERATION|NAME")],
    candidate: Annotated[str | None, typer.Argument(help="Its letter; none after a name.", metavar="LETTER")] = None,
    path: ProductionPath = None,
    section: Annotated[int | None, typer.Option("--section", metavar="N", min=1, help="Its number, from 1.")] = None,
    output: Output = None,
    allow_outside: Outside = False,
) -> None:
    """Write into the production file which candidate is taken; comments and layout stay as they are."""
    from pipeline.outputs.take_list import (  # noqa: PLC0415 - brings pictures along
        find_candidate,
        number_of,
        take_in_words,
    )

    named = take_in_words(take)
    if named is not None:
        path = path or (Path(candidate) if candidate else None)
        section, iteration, number = named
    elif candidate is None or not take.replace(",", "").isdecimal():
        raise InputError(
            "Which candidate of which take?",
            where="command line",
            expected="build-video takes choose 600 b, or a name such as section-2/take-000600-b.wav",
            hint="build-video takes lists them.",
        )
    else:
        iteration, number = int(take.replace(",", "")), number_of(candidate)
    production = find_production(path, draft=False, allow_outside=allow_outside)
    file = production.file
    if file is None or file.resolve() == DEMO.resolve():
        raise InputError(
            "The demo's production file belongs to the program.",
            where="command line",
            expected="a folder with a production of your own",
            hint="build-video init FOLDER --demo copies the demo, to change it.",
        )
    workplace = open_workplace(production, output, jobs=1, force=frozenset(), device="auto")
    found = find_candidate(_listed(production, workplace), section, iteration, number)
    choose_candidate(file, found.section - 1, found.iteration, number)
    print(f"{file}: section {found.section}, iteration {found.iteration}: candidate {found.candidate}")
