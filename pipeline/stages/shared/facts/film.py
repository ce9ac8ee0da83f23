"""The facts of the whole film, and of the machine that it is made on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar, Final

from pipeline.picture.language import Language
from pipeline.production.schema import Production
from pipeline.stages.shared.facts.section import SectionTable
from pipeline.stages.shared.facts.table import FactTable, fact
from pipeline.stages.shared.results import Results
from pipeline.stages.shared.sections.comparing import comparable_kinds

_SOFTWARE: Final = (("build-video", "build-video"), ("PyTorch", "torch"), ("NumPy", "numpy"))


class FilmTable(FactTable):
    """The film."""

    stands_for: ClassVar[str] = "title"

    def __init__(self, production: Production, results: Results, sections: list[SectionTable]) -> None:
        self._production, self._results, self._sections = production, results, sections

    @fact
    def title(self) -> str:
        """Its title, for which `film` stands."""
        return self._production.title

    @fact
    def subtitle(self) -> str:
        """The line below it."""
        return self._production.subtitle

    @fact
    def author(self) -> str:
        """Who made it."""
        return self._production.author

    @fact
    def recording_credit(self) -> str:
        """Whose voice it is."""
        return self._production.recording_credit

    @fact
    def language(self) -> str:
        """Its language (BCP 47)."""
        return self._production.language

    @fact
    def name(self) -> str:
        """The production's name, which its files have unless file_name says another."""
        return self._production.name

    @fact
    def width(self) -> int:
        """Pixels of its width."""
        return self._production.video.width

    @fact
    def height(self) -> int:
        """Pixels of its height."""
        return self._production.video.height

    @fact
    def frame_rate(self) -> float:
        """Frames a second."""
        return float(self._production.video.frame_rate)

    @fact
    def duration_s(self) -> float | None:
        """Its length, seconds; known once it is planned."""
        return float(self._results.timeline.record.duration_s) if self._results.timeline else None

    @fact
    def sections(self) -> int:
        """How many sections there are."""
        return len(self._sections)

    @fact
    def is_comparable(self) -> bool:
        """Whether all losses are measured on the same sound."""
        return len(set(comparable_kinds(self._results.corpora, self._results.runs))) == 1

    @fact
    def has_runs(self) -> bool:
        """Whether a section shows a run of another program."""
        return any(section.run is not None for section in self._production.sections)

    @fact
    def recordings_s(self) -> float:
        """Seconds of all recordings."""
        return sum(corpus.record.duration_s for corpus in self._results.corpora)

    @fact
    def parameters(self) -> int:
        """Trained numbers of all networks."""
        return sum(section.network.parameters or 0 for section in self._sections)

    @fact
    def iterations(self) -> int:
        """Optimiser updates of all networks."""
        return sum(section.training.iterations for section in self._sections)

    @fact
    def training_s(self) -> float:
        """Seconds of all trainings."""
        return sum(section.training.elapsed_s or 0.0 for section in self._sections)

    @fact
    def takes(self) -> int:
        """How many takes are heard."""
        return sum(len(takes) for takes in self._results.takes)


class MachineTable(FactTable):
    """What the film is made with."""

    stands_for: ClassVar[str] = "name"

    def __init__(self, language: Language) -> None:
        self._language = language

    @fact
    def name(self) -> str:
        """Its processor and system, for which `machine` stands."""
        return self._language.text("machine.cores", count=self.cores, system=self.system)

    @fact
    def cores(self) -> int:
        """Cores of its processor."""
        return os.cpu_count() or 1

    @fact
    def system(self) -> str:
        """Its system and processor."""
        return f"{platform.system()} {platform.machine()}"

    @fact
    def software(self) -> list[str]:
        """Names and versions of what the film is made with."""
        found = []
        for name, package in _SOFTWARE:
            try:
                found.append(f"{name} {version(package).split('+')[0]}")
            except PackageNotFoundError:
                continue  # run from its source, without being installed
        return [*found[:1], f"Python {platform.python_version()}", *found[1:]]
