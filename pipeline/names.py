"""Names of files inside a result's folder, as records hold them: a name, never a way to somewhere else.

A record may come with a folder that someone has sent. This module does not know what the files are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

PlainName = Annotated[str, StringConstraints(pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$", max_length=255)]
"""No folder, no drive, not hidden, no control characters."""
