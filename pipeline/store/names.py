"""Names of files inside a result's folder, as records hold them: a name, never a way to somewhere else.

A record may come with a folder that someone has sent. This module does not know what the files are.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

_NAME: Final = r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*"

PlainName = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$", max_length=255)]
"""No folder, not hidden, no control characters."""
InnerPath = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(/{_NAME})*$", max_length=1000)]
"""A file somewhere inside a folder: plain names only, on the way too."""
