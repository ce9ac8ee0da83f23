"""Where compiled functions are kept between processes, on machines where the usual places can't be written.

numba keeps machine code beside the sources, else in the user's cache folder, and refuses to go on where neither can be
written: a read-only installation, a user without a home. Then a folder of this process's own takes their place.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from pipeline.runtime.cache_folders import first_writable, personal_cache

_VARIABLE: Final = "NUMBA_CACHE_DIR"


def ensure_cache_folder(sources: Path) -> None:
    """See to it that functions of these sources can be kept somewhere; call it before they are imported.

    Processes started later use the same folder, which is removed when this one ends.
    """
    if os.environ.get("XDG_CACHE_HOME") == "":
        del os.environ["XDG_CACHE_HOME"]  # or the folder `numba` would appear wherever one works
    personal = personal_cache()
    usual = [sources / "__pycache__", *([personal / "numba"] if personal else [])]
    if os.environ.get(_VARIABLE) or first_writable(usual):
        return
    try:
        own = tempfile.mkdtemp(prefix="build-video-")
    except OSError:
        return
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    os.environ[_VARIABLE] = own
    if (config := sys.modules.get("numba.core.config")) is not None:
        config.CACHE_DIR = own  # type: ignore[attr-defined]
