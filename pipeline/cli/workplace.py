"""What commands share: finding the production, opening the place where it is built, looking at what is there.

This module makes nothing. It prints one line: that the demo is meant, where it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.build.cutting import find_cut, place_for
from pipeline.build.films import build_one
from pipeline.build.unmade.aside import AsideStore
from pipeline.cli.console import choose_screen, print_message
from pipeline.errors import BuildVideoError, ProductionError
from pipeline.outputs.looking import Look, look, whole_look
from pipeline.outputs.owner import record_owner
from pipeline.production.recordings import missing_recording, recordings_in
from pipeline.production.schema import FILE_NAME, Production, load_production
from pipeline.production.starter import are_recordings, place_for_film
from pipeline.runtime.progress.build_log import BuildLog
from pipeline.runtime.progress.reporter import SILENT
from pipeline.runtime.progress.state_file import FILE as STATE_FILE
from pipeline.runtime.progress.state_file import StateFile
from pipeline.runtime.resources import builtin_templates_folder
from pipeline.stages.shared.workplace import Workplace
from pipeline.store.files import disk_errors, remove_strays
from pipeline.store.inventory import kept_words
from pipeline.store.lock import build_lock, holder
from pipeline.store.store import Store

Join = Callable[[Workplace], AbstractContextManager[Workplace]]
DEMO: Final = builtin_templates_folder() / "productions" / "demo.toml"
_THIS_IS_THE_DEMO: Final = (
    f"There is no {FILE_NAME} in this folder: this is about the demo film. For one of your own: build-video RECORDING"
)


def find_production(
    path: Path | None,
    *,
    draft: bool,
    allow_outside: bool,
    as_json: bool = False,
    answers: bool = False,
    device: str = "auto",
) -> Production:
    """Load the production that a command line means: the one named, this folder's, or the demo, with a note.

    Parameters
    ----------
    path
        A production file, its folder, or recordings of which a film was begun.
    as_json
        Whether standard output is a list of events.
    answers
        Whether the command answers in lines on standard output, so that the first line belongs there.
    device
        Where takes are made that leave it open.
    """
    if path is not None and are_recordings([path]):
        path = _begun_of(path)
    if path is None and not Path(FILE_NAME).is_file():
        print_message(_THIS_IS_THE_DEMO, as_json=as_json, answers=answers)
        production = load_production(DEMO, allow_outside=True)
    else:
        production = load_production(path or Path(FILE_NAME), allow_outside=allow_outside)
    plain = device.partition(":")[0]
    production = production.sampled_on(plain) if plain in {"cpu", "cuda"} else production
    return production.draft() if draft else production


def _begun_of(recording: Path) -> Path:
    """Find the production that was begun of a recording, or a folder of them."""
    if not recording.exists():
        raise missing_recording(recording)
    folder = place_for_film([recording])
    if (folder / FILE_NAME).is_file():
        return folder
    if recording.is_dir() and not recordings_in(recording):
        return recording  # which has no production: the error says so
    raise ProductionError(
        "There is no film of this recording yet.",
        where=str(recording),
        expected="a production file, or a recording of which a film was begun",
        hint=f"build-video {recording} makes one; build-video init FOLDER {recording} only begins it.",
    )


@contextmanager
def logged_build(
    workplace: Workplace, production: Production, *, as_json: bool, join: Join = nullcontext
) -> Iterator[Workplace]:
    """Hold the folder, show the progress, keep the log.

    Parameters
    ----------
    join
        Opens the workplace's executor, where another than this machine's processes was asked for.
    """
    with build_lock(workplace.store.root):
        record_owner(workplace.store.root, production.file)
        with choose_screen(as_json=as_json) as screen, join(replace(workplace, report=screen)) as joined:
            workplace = replace(joined, report=workplace.report)
            workplace.store.sweep(workplace.executor.running())
            remove_strays(workplace.output)
            with disk_errors(workplace.output):
                state = StateFile(workplace.store.root / STATE_FILE, screen)
                log = BuildLog(workplace.store.root / "build.log", state, (production.folder,))
            log.open_build(" ".join(sys.argv[1:]), production.model_dump_json())
            error: BaseException | None = None
            try:
                for text in production.notes:
                    log.note(text)
                store = Store(workplace.store.root, warn=log.warn)
                yield replace(workplace, store=store, report=log)
            except BaseException as caught:
                error = caught
                if isinstance(error, KeyboardInterrupt):
                    _kept.set(kept_words(workplace.store))
                raise
            finally:
                log.close_build(error)
                state.close(error)
                with suppress(BuildVideoError, OSError):  # on a full disk, what is half-made is in the way
                    workplace.store.sweep(workplace.executor.running())


@contextmanager
def looked_at(
    production: Production, workplace: Workplace, cut: str | None, *, build: bool, as_json: bool, until: str = "cards"
) -> Iterator[Look]:
    """Offer the film, or a cut, as it would be with what there is; with `build`, what is missing is made first.

    Parameters
    ----------
    until
        `cards`, or `storyboard` where no card is shown, or the one that is.
    """
    if build:
        with logged_build(workplace, production, as_json=as_json) as logged:
            shown, results = build_one(production, logged, until, cut)
            place = logged if cut is None else place_for(logged, find_cut(production, cut))
            yield whole_look(shown, results, place)
    elif other := holder(workplace.store.root):
        with choose_screen(as_json=as_json) as screen:
            screen.note(f"A build works in this folder, {other}: this is what it has made so far")
            beside = replace(workplace, report=screen)
            with look(production, beside, cut, beside=True, cards=until == "cards") as shown_beside:
                yield shown_beside
    else:
        with (
            logged_build(workplace, production, as_json=as_json) as logged,
            look(production, logged, cut, beside=False, cards=until == "cards") as shown_alone,
        ):
            yield shown_alone


Open = Callable[[Production], AbstractContextManager[Look]]


@contextmanager
def looked_at_often(workplace: Workplace, cut: str | None, *, as_json: bool) -> Iterator[Open]:
    """Offer a function that looks at a film, or a cut, as it would be with what there is: again and again.

    No lock is taken, so that the film can be built meanwhile. What is made for a look is kept aside for the next ones.
    Only the first one says what is to be said of the film. No card is drawn.
    """
    with TemporaryDirectory(prefix="build-video-") as folder:
        place = replace(workplace, store=AsideStore(workplace.store.root, Path(folder)))
        is_first = True

        @contextmanager
        def opened(production: Production) -> Iterator[Look]:
            nonlocal is_first
            with (
                choose_screen(as_json=as_json) if is_first else nullcontext(SILENT) as report,
                look(
                    production,
                    replace(place, report=report),
                    cut,
                    beside=True,
                    kept_in=Path(folder),
                    cards=False,
                ) as shown,
            ):
                is_first = False
                yield shown

        yield opened


_kept: ContextVar[str] = ContextVar("kept", default="")
"""Of the command that runs; typer lets no interruption through that could carry it."""


def begin_command() -> None:
    """Forget what an interrupted command before, in the same process, has kept."""
    _kept.set("")


def farewell() -> str:
    """What is said when a command was interrupted: one line, with what is kept."""
    kept = f"Kept: {_kept.get()}" if _kept.get() else "What was finished is kept"
    return f"build-video: interrupted. {kept}; the same command goes on."
