"""`python -m pipeline`: the same as the command `build-video`."""

from __future__ import annotations

from pipeline.cli.start import main

if __name__ == "__main__":
    main()
