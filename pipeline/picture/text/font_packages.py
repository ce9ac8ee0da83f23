"""Which font package has a character: what to install when no font at hand can draw it.

This module owns the way from characters to packages, by a table of what each package's own fonts cover
(`assets/font-coverage.txt`, made by `python -m tests.font_coverage`). It does not know faces or texts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from pipeline.runtime.resources import assets_folder

TABLE: Final = "font-coverage.txt"
OTHER_FONT_PACKAGES: Final = ("noto_cjk_sans_jp_regular", "manimgx_fonts")
"""Packages that carry font files without telling `fontpkg` so."""


@dataclass(frozen=True)
class FontPackage:
    """A font package and the characters that it adds to the fonts that come along.

    Parameters
    ----------
    name
        As pip knows it.
    version
        That the table was made from.
    starts, ends
        Code points: ranges in rising order, ends included.
    """

    name: str
    version: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def has(self, character: str) -> bool:
        """Whether its fonts have a picture for a character."""
        code = ord(character)
        at = bisect_right(self.starts, code) - 1
        return at >= 0 and code <= self.ends[at]

    @property
    def folder(self) -> str:
        """The name of the folder in which its fonts lie once it is installed."""
        return self.name.replace("-", "_")


@lru_cache(maxsize=1)
def known_packages() -> tuple[FontPackage, ...]:
    """The packages of the table, those of a single script first."""
    lines = (assets_folder() / TABLE).read_text(encoding="ascii").splitlines()
    return tuple(_parsed(line) for line in lines if line and not line.startswith("#"))


def _parsed(line: str) -> FontPackage:
    name, version, *ranges = line.split(" ")
    bounds = [[int(number, 16) for number in part.split("-")] for part in ranges]
    return FontPackage(name, version, tuple(each[0] for each in bounds), tuple(each[-1] for each in bounds))


def packages_for(characters: Iterable[str], at_hand: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Find few packages that have all of some characters which no font at hand can draw.

    Parameters
    ----------
    characters
        What is missing.
    at_hand
        The font files that were asked: a package of theirs is never the answer.

    Returns
    -------
    list[str], list[str]
        The packages' names, and the characters that no known package has.
    """
    wanted = list(dict.fromkeys(characters))
    asked = {part for path in at_hand for part in path.parts}
    absent = [package for package in known_packages() if package.folder not in asked]
    chosen: list[str] = []
    while wanted and absent:
        best = max(absent, key=lambda package: sum(map(package.has, wanted)))
        left = [character for character in wanted if not best.has(character)]
        if len(left) == len(wanted):
            break
        chosen.append(best.name)
        wanted = left
    return chosen, wanted
