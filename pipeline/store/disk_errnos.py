"""Which error numbers of the operating system tell of a disk: one that is full, and one that can't be written.

It loads nothing else, because tools start quickly.
"""

from __future__ import annotations

import errno
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room left on the disk, or none within the user's quota."""
FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
FAILED_WRITING: Final = FULL | {errno.EFBIG, errno.EROFS, errno.EIO}
"""Only writing fails in these ways, wherever the error comes from."""
