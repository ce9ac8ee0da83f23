"""The commands beside the build: begin a film, record a voice, make room, look at the machine, check a film.

Like `cli`, this module turns words into calls, and makes nothing itself.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import print_json
from pipeline.cli.options import AsJson, Cluster, Jobs, Output, Outside, ProductionPath, flag
from pipeline.cli.workplace import find_production
from pipeline.errors import InputError
from pipeline.outputs.owner import open_workplace
from pipeline.outputs.template_copies import SCHEMA_KINDS
from pipeline.production.recordings import gather_recordings, recordings_in
from pipeline.production.schema import RECORDINGS_FOLDER
from pipeline.production.starter import are_recordings, place_for_film, start_production
from pipeline.runtime.resources import reading_text
from pipeline.store.cleaner import CleaningRules, choose_results, remove_results
from pipeline.store.lock import build_lock

if TYPE_CHECKING:
    from pipeline.sound.inputs.recorder import InputDevice
    from pipeline.sound.signal.meter import InputLevel

side = typer.Typer()


@side.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or one without a production file.", metavar="FOLDER")],
    recordings: Annotated[
        list[Path] | None, typer.Argument(help="Sound or video files, or folders of them.", metavar="RECORDING")
    ] = None,
    demo: Annotated[bool, flag("--demo", help="Copy the demo film, voice and all, to change it.")] = False,
) -> None:
    """Begin a film: a folder with a commented production file and a place for recordings."""
    given = list(recordings or ())
    if folder.is_file() and are_recordings([folder]):  # no folder was named
        given.insert(0, folder)
        folder = place_for_film(given)
    if given and demo:
        raise InputError(
            "The demo brings its own voice.", where="command line", expected="--demo without recordings, or recordings"
        )
    found = gather_recordings(given)
    print(start_production(folder, demo=demo, recordings=found))
    if demo or found or recordings_in(folder / RECORDINGS_FOLDER):
        print(f"Now run: build-video {shlex.quote(str(folder))}", file=sys.stderr)
    else:
        place = folder / RECORDINGS_FOLDER
        print(f"Put recordings into {place}, then run: build-video {shlex.quote(str(folder))}", file=sys.stderr)


@side.command()
def clean(
    path: ProductionPath = None,
    output: Output = None,
    everything: Annotated[
        bool, flag("--all", help="Remove results in use too: everything must be made again.")
    ] = False,
    older_than: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0, help="Remove only results at least so old.")
    ] = 0.0,
    keep_checkpoints: Annotated[bool, flag("--keep-checkpoints", help="Keep everything that training made.")] = False,
    dry_run: Annotated[bool, flag("--dry-run", help="Say what would be removed; remove nothing.")] = False,
    allow_outside: Outside = False,
) -> None:
    """Free disk space: remove results that newer ones have replaced; never recordings or films."""
    production = find_production(path, draft=False, allow_outside=allow_outside, answers=True)
    store = open_workplace(production, output, jobs=1, force=frozenset(), device="auto").store
    rules = CleaningRules(everything=everything, older_than_days=older_than, keep_checkpoints=keep_checkpoints)
    if not store.root.is_dir():
        print("There is nothing to clean.")
        return
    with build_lock(store.root):
        chosen = choose_results(store, rules)
        for result in chosen:
            print(f"{result.size_bytes / 2**20:9.1f} MiB  {result.stage:<11} {result.name}")
        total = sum(result.size_bytes for result in chosen) if dry_run else remove_results(chosen)
    print(f"{total / 2**20:9.1f} MiB  {'would be freed' if dry_run else 'freed'}")


@side.command()
def doctor(output: Output = None, as_json: AsJson = False, cluster: Cluster = None, jobs: Jobs = None) -> None:
    """Check what this machine has, or the workers of a cluster, what is missing, and how to get it."""
    from pipeline.cli.doctor import as_text, as_values, examine  # noqa: PLC0415 - looks into every room

    if cluster is None:
        findings = examine(output or Path("out"))
    else:
        from pipeline.cli.cluster_doctor import examine_cluster  # noqa: PLC0415 - only then is there more to import

        findings = examine_cluster(cluster, output or Path("out"), jobs)
    if as_json:
        print_json(list(as_values(findings)))
    else:
        print(as_text(findings))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


@side.command()
def schema(
    text: Annotated[bool, flag("--text", help="List every key with its default, unit and meaning, to read.")] = False,
    kind: Annotated[
        str, typer.Option("--for", help=f"Which file: {', '.join(SCHEMA_KINDS)}.", metavar="FILE")
    ] = "production",
) -> None:
    """Print the JSON Schema of the production file or of a template, for editors; with --text, a list of its keys."""
    from pipeline.outputs.schemas import schema_of  # noqa: PLC0415 - brings all models along
    from pipeline.production.keys import as_text, tables_of  # noqa: PLC0415 - only here are they listed

    found = schema_of(kind)
    if text:
        print(as_text(tables_of(found), "the production file" if kind == "production" else f"a {kind} file"))
    else:
        print_json(found)


@side.command()
def record(
    path: Annotated[Path | None, typer.Argument(help="The WAV file to write.", metavar="FILE")] = None,
    inputs: Annotated[bool, flag("--inputs", help="List the sound inputs, and record nothing.")] = False,
    number: Annotated[
        int | None, typer.Option("--input", metavar="N", help="Number of the sound input. Default: the system's.")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=1, help="Stop after so long. Ctrl-C stops at any time.")
    ] = 21600,
    text: Annotated[bool, flag("--text/--no-text", help="Show a text to read aloud.")] = True,
) -> None:
    """Record your voice as 48 kHz, 24-bit WAV; nothing is lost when it is stopped."""
    from pipeline.sound.inputs import recorder  # noqa: PLC0415 - brings sound libraries along

    library = recorder.sound_library()
    devices = recorder.input_devices(library)
    if inputs:
        for device in devices:
            print(f"{device.number:>3}  {device.name}{'  (default)' if device.is_default else ''}")
        return
    if path is None:
        raise InputError("No file was named.", where="command line", expected="build-video record recordings/voice.wav")
    chosen = _chosen_input(devices, number)
    if text:
        print(reading_text())
    print(f"Recording from {chosen.name}. Ctrl-C stops.", file=sys.stderr)
    recording = recorder.record(path, library, device=chosen, seconds=seconds, on_level=_Meter().show)
    print(file=sys.stderr)
    for warning in recording.last_level.warnings() if recording.last_level else ():
        print(f"  ! {warning}", file=sys.stderr)
    if recording.dropped_blocks:
        print(f"  ! the computer was too slow to listen {recording.dropped_blocks} times", file=sys.stderr)
    print(f"{recording.path} ({recording.seconds:.1f} s)")


def _chosen_input(devices: Sequence[InputDevice], number: int | None) -> InputDevice:
    """The input of that number; without one the system's default, else the first."""
    if number is None:
        return next((device for device in devices if device.is_default), devices[0])
    for device in devices:
        if device.number == number:
            return device
    raise InputError(f"There is no input {number}.", where="--input", expected="a number that --inputs lists")


class _Meter:
    """Draws the level on one line, and tells each warning once, when it becomes true, while there is time to act."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def show(self, level: InputLevel) -> None:
        """Draw it."""
        width = 40
        filled = round(width * max(0.0, min(1.0, (level.peak_db + 60) / 60)))
        bar = "#" * filled + "-" * (width - filled)
        clipped = "  CLIPPED" if level.clipped_samples else ""
        numbers = f"{level.peak_db:6.1f} dB, room {level.floor_db:6.1f} dB"
        print(f"\r{level.seconds:7.1f} s [{bar}] {numbers}{clipped} ", end="", file=sys.stderr, flush=True)
        for warning in level.warnings():
            kind = warning.partition(":")[0]
            if kind not in self._warned:
                self._warned.add(kind)
                print(f"\n  ! {warning}", file=sys.stderr, flush=True)


@side.command()
def check(
    film: Annotated[
        Path, typer.Argument(help="A finished film, or its folder: then with its cuts.", metavar="FILE.mp4|FOLDER")
    ],
    as_json: AsJson = False,
) -> None:
    """Decode a finished film and compare it with the timeline beside it; in a folder, its cuts too."""
    from pipeline.film.delivery.check import check_file  # noqa: PLC0415 - only here is a film decoded
    from pipeline.film.delivery.found import films_in  # noqa: PLC0415 - likewise

    films = films_in(film) if film.is_dir() else [film]
    found = [(path, check_file(path)) for path in films]
    if as_json and not film.is_dir():
        print_json([asdict(finding) for finding in found[0][1]])
    elif as_json:
        print_json([{"film": str(path), "findings": [asdict(one) for one in findings]} for path, findings in found])
    for path, findings in () if as_json else found:
        if len(found) > 1:
            print(f"{path}:")
        for finding in findings:
            expected = "" if finding.holds else f"   expected {finding.expected}"
            print(f"{'ok' if finding.holds else 'BROKEN':<7} {finding.promise:<20} {finding.found}{expected}")
    if not all(finding.holds for _, findings in found for finding in findings):
        raise typer.Exit(1)
