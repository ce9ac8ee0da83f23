"""Files and folders that a production names: what is wrong with a name, or with what lies there.

This module owns the words of those errors. It does not know what the files are for.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ProductionError
from pipeline.runtime.wording.named_files import absent_hint, swallowed_escape


def refuse_swallowed_escape(relative: str, field: str) -> None:
    """Refuse a path of which a backslash in double quotes has made something else.

    Raises
    ------
    ProductionError
        With what was meant.
    """
    if fault := swallowed_escape(relative):
        what, expected, hint = fault
        raise ProductionError(what, where=field, expected=expected, hint=hint)


def check_templates_folder(folder: Path, named: str, usual: str) -> None:
    """Find a folder that someone names; the usual one need not be there.

    Raises
    ------
    ProductionError
        Where there is no such folder.
    """
    if named != usual and not folder.is_dir():
        raise ProductionError(
            "There is no such folder of templates.",
            where=f"templates: {folder}",
            expected="a folder with your own templates in it",
            hint=absent_hint(folder) if not folder.exists() else f"This is a file: name its folder, or '{usual}'.",
        )
