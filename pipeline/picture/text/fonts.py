"""Font files: which there are, which characters they can draw, and loading them at a size and weight.

This module owns the faces and the choice of a face for each character (fallback per glyph). It does not know about
lines, words or pictures. Faces come from installed font packages (`fontpkg-*`, older `fonts_ttf` ones, the
extra `[cjk]`) and from the user's own files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

import fontpkg
from PIL import ImageFont, features

from pipeline.errors import GlyphError, TemplateError
from pipeline.picture.text.font_packages import OTHER_FONT_PACKAGES, packages_for
from pipeline.runtime.wording.named_files import near_names
from pipeline.store.files import plain_reason

Role = Literal["sans", "mono"]

HAS_RAQM: Final[bool] = bool(features.check("raqm"))
"""Whether Pillow can shape text: ligatures, marks, Arabic, tabular digits by font feature."""

LARGEST_FONT_BYTES: Final = 128 * 1024 * 1024
_PROBE_PX: Final = 24
FAMILIES: Final = "fonts"
"""The table of a theme that names families."""
_NO_CHARACTER: Final = "\uffff"
"""A code point that Unicode promises never to use: every font draws its 'missing' picture for it."""
INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u200e\u200f")
"""Characters that steer shaping and are never drawn."""


@dataclass(frozen=True)
class Face:
    """One font file."""

    path: Path

    def covers(self, character: str) -> bool:
        """Whether this face has a picture of its own for `character`."""
        return character in INVISIBLE or character.isspace() or _covers(self.path, character)

    @property
    def italics(self) -> Face | None:
        """The italics of its family, in a file beside its own; None where there are none."""
        return _italics(self.path)

    def at(self, size_px: float, weight: int, *, display: bool = False) -> ImageFont.FreeTypeFont:
        """Load the face; a variable font takes `weight` (100..900) and, with `display`, its cut for headings."""
        return _load(self.path, size_px, weight, display)


@lru_cache(maxsize=64)
def _italics(path: Path) -> Face | None:
    name, bracket, axes = path.name.partition("[")  # Inter[opsz,wght].ttf and Inter-Italic[opsz,wght].ttf
    stem = name if bracket else path.stem
    end = bracket + axes if bracket else path.suffix
    for ending in ("-Italic", "Italic"):
        file = path.with_name(stem.removesuffix("-Regular") + ending + end)
        if file.is_file():
            return Face(file)
    return None


@lru_cache(maxsize=512)
def _load(path: Path, size_px: float, weight: int, display: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001 (a cache key)
    engine = ImageFont.Layout.RAQM if HAS_RAQM else ImageFont.Layout.BASIC
    try:
        if path.stat().st_size > LARGEST_FONT_BYTES:
            raise TemplateError("The font file is too large.", where=str(path), expected="at most 128 MiB")
        font = ImageFont.truetype(str(path), size_px, layout_engine=engine)
        with suppress(OSError):  # not a variable font: it comes in the weight it has
            axes = font.get_variation_axes()
            font.set_variation_by_axes([_axis_value(axis, weight, display=display) for axis in axes])
    except (OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise _unusable(path, error) from error
    return font


def _why(error: Exception) -> str:
    known = isinstance(error, OSError) and error.errno is not None
    return plain_reason(error) if isinstance(error, OSError) and known else "it is damaged, or no font"


def _unusable(path: Path, error: Exception) -> TemplateError:
    return TemplateError(
        f"The font file can't be used: {_why(error)}.",
        where=str(path),
        expected="a TrueType or OpenType font",
        hint="Name another file in the theme's fonts.files, or none.",
    )


def _axis_value(axis: ImageFont.Axis, weight: int, *, display: bool) -> float:
    name = bytes(axis["name"] or b"").decode("ascii", "replace").lower()
    low, high = float(axis["minimum"] or 0), float(axis["maximum"] or 0)
    if name in {"weight", "wght"}:
        return min(max(float(weight), low), high)
    if name in {"optical size", "opsz"}:
        return high if display else low
    return float(axis["default"] or 0)


@lru_cache(maxsize=8192)
def _covers(path: Path, character: str) -> bool:
    return _drawn(path, character) != _drawn(path, _NO_CHARACTER)


@lru_cache(maxsize=8192)
def _drawn(path: Path, character: str) -> tuple[tuple[int, int], bytes]:
    """What FreeType draws for one character, unshaped: the same lookup that text goes through."""
    try:
        mask = _probe(path).getmask(character, mode="L")
        return mask.size, bytes(mask)
    except (OSError, ValueError, MemoryError) as error:
        raise _unusable(path, error) from error


@lru_cache(maxsize=64)
def _probe(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(path), _PROBE_PX, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ValueError, MemoryError) as error:
        raise _unusable(path, error) from error


@dataclass(frozen=True)
class FontSet:
    """The faces of a theme: one for each role, and the ones to fall back to, in order."""

    sans: Face
    mono: Face
    fallbacks: tuple[Face, ...] = ()

    def __hash__(self) -> int:
        """Found once: it is part of every key of what is measured and drawn, and there are dozens of faces."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.sans, self.mono, self.fallbacks))

    def __getstate__(self) -> dict[str, object]:
        """Without the hash, which is another in every process."""
        return {name: value for name, value in vars(self).items() if name != "_hash"}

    def faces(self, role: Role) -> tuple[Face, ...]:
        """The faces to try for text of `role`, best first."""
        first, second = (self.sans, self.mono) if role == "sans" else (self.mono, self.sans)
        return (first, second, *self.fallbacks)

    def runs(self, text: str, role: Role) -> list[tuple[Face, str]]:
        """Cut `text` into stretches drawn by one face each.

        A character goes with its combining marks. Spaces and punctuation stay with the stretch before them where that
        face has them, so that a sentence in another script is shaped as a whole.

        Raises
        ------
        GlyphError
            No face has the character; names it, its code point, and how to get it.
        """
        result: list[tuple[Face, str]] = []
        last = ""
        for cluster in clusters(text):
            # A space beside a picture is one of the text's, not a square as wide as the picture.
            before = result[-1][0] if result and not (cluster.isspace() and _is_picture(last)) else None
            last = cluster
            face = self._face_for(cluster, role, before, text)
            if result and face is result[-1][0]:
                result[-1] = (face, result[-1][1] + cluster)
            else:
                result.append((face, cluster))
        return result

    def _face_for(self, cluster: str, role: Role, before: Face | None, text: str) -> Face:
        faces = self.faces(role)
        if before is not None and not cluster[0].isalnum() and all(map(before.covers, cluster)):
            return before
        for face in faces:
            if all(map(face.covers, cluster)):
                return face
        missing = [char for char in dict.fromkeys(text) if not any(face.covers(char) for face in faces)]
        if not any(char in cluster for char in missing):
            raise _apart_error(cluster, text)
        character = next(char for char in cluster if char in missing)
        raise _glyph_error(character, text, _hint(character, missing, faces))


def clusters(text: str) -> list[str]:
    """Characters, each with the marks and joiners that belong to it."""
    found: list[str] = []
    for character in text:
        joined = found and found[-1].endswith("\u200d")
        if found and (joined or character in INVISIBLE or unicodedata.category(character).startswith("M")):
            found[-1] += character
        else:
            found.append(character)
    return found


def _is_picture(cluster: str) -> bool:
    """Whether something is a symbol or an emoji, not a letter, a digit or a mark of a script."""
    return unicodedata.category(cluster[:1] or " ") in {"So", "Sk"} or "\ufe0f" in cluster


def _apart_error(cluster: str, text: str) -> GlyphError:
    codes = ", ".join(f"U+{ord(char):04X}" for char in cluster)
    return GlyphError(
        f"No one font at hand can draw '{cluster}' ({codes}) together, though there are fonts for each part of it.",
        where=f"the text '{text[:60]}'",
        hint='Name a font file that has them all in the theme: [fonts] files = ["fonts/MyFont.ttf"], or part them.',
    )


def _glyph_error(character: str, text: str, hint: str) -> GlyphError:
    name = unicodedata.name(character, "an unnamed character")
    shown = text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 (a line of a terminal)
    shown = "".join(char if char.isprintable() else "?" for char in shown)
    return GlyphError(
        f"No font at hand can draw '{character if character.isprintable() else '?'}' (U+{ord(character):04X}, {name}).",
        where=f"the text '{shown}'",
        hint=hint,
    )


def _hint(character: str, missing: Sequence[str], faces: Sequence[Face]) -> str:
    """What to do about a character, and about all others of its text that no font can draw."""
    if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}:
        return "Remove the character: it is not meant to be seen."
    packages, unknown = packages_for(missing, [face.path for face in faces])
    own = 'name a font file in the theme: [fonts] files = ["fonts/MyFont.ttf"]'
    if not packages:
        return f"No font package is known to have it: {own}, or leave the character out."
    rest = f" (no package is known for {' '.join(unknown[:5])})" if unknown else ""
    return f"Install what has it with  pip install {' '.join(packages)}{rest}  or {own}."


@lru_cache(maxsize=16)
def load_fonts(sans: str = "inter", mono: str = "jetbrains-mono", files: tuple[Path, ...] = ()) -> FontSet:
    """The faces for a theme's font roles.

    Parameters
    ----------
    sans, mono
        Names of installed font families.
    files
        The user's own font files, tried before other installed families.

    Raises
    ------
    TemplateError
        A family is not installed, or a file is no font.
    """
    families = fontpkg.families()
    chosen = [_family_face(name, families) for name in (sans, mono)]
    others = [_upright(family) for slug, family in sorted(families.items()) if slug not in {sans, mono}]
    own = [Face(path) for path in files]
    for face in own:
        face.at(_PROBE_PX, 400)
    fallbacks = [*own, *(Face(path) for path in others if path is not None)]
    return FontSet(chosen[0], chosen[1], (*fallbacks, *_other_faces()))


def _other_faces() -> list[Face]:
    """The font files inside `OTHER_FONT_PACKAGES`, as far as they are installed."""
    found = []
    for name in OTHER_FONT_PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            found += [Face(path) for path in sorted(Path(folder).glob("*.[ot]t[fc]")) if is_upright_file(path)]
    return found


def is_upright_file(path: Path) -> bool:
    """Whether a font file is not the slanted one of its family, as its name tells."""
    return not any(word in path.stem.lower() for word in ("italic", "oblique"))


def _family_face(name: str, families: dict[str, fontpkg.Family]) -> Face:
    family = families.get(fontpkg.slugify(name))
    path = None if family is None else _upright(family)
    if path is None:
        near = near_names(name, sorted(families))
        install = f"Where there is a package of it:  pip install fontpkg-{fontpkg.slugify(name)}"
        raise TemplateError(
            f"The font family '{name}' is not installed.",
            where=FAMILIES,
            expected=f"one of {', '.join(sorted(families))}",
            hint=f"Did you mean '{near[0]}'? {install}" if near else install,
        )
    return Face(path)


def _upright(family: fontpkg.Family) -> Path | None:
    """The family's variable file, else the one nearest to the regular weight."""
    files: Sequence[fontpkg.FontFile] = [file for file in family.files if file.style == "normal"] or list(family.files)
    if not files:
        return None
    best = min(files, key=lambda file: (not file.variable, abs((file.weight or 400) - 400)))
    return Path(best.path)
