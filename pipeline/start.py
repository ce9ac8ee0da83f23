"""Where `build-video` starts.

The tools beside the film draw a graph in less time than the film's own command line takes to load; so they are found
here, before it. This module knows nothing else: what is not a tool, and whatever `--debug` is to show, goes to `cli`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from pipeline.errors import BuildVideoError

TOOLS: Final = frozenset({"graph", "to-text", "from-text"})
_INTERRUPTED: Final = 130
_TERMINATED: Final = 143


def main() -> None:
    """Run the command line of this process."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS and "--debug" not in arguments:
        sys.exit(_run_tool(arguments))
    from pipeline.cli import main as run_all  # noqa: PLC0415 - only what is needed is loaded

    run_all()


class _Terminated(KeyboardInterrupt):
    """SIGTERM: like Ctrl-C, but for the exit code."""


def _terminate(_number: int, _frame: object) -> NoReturn:
    raise _Terminated


def _run_tool(arguments: Sequence[str]) -> int:
    """Run a tool and return its exit code, with the same words for what goes wrong as everywhere."""
    from pipeline.tools.commands import main as run_tool  # noqa: PLC0415 - only what is needed is loaded

    signal.signal(signal.SIGTERM, _terminate)
    try:
        return run_tool(arguments)
    except KeyboardInterrupt as error:
        sys.stderr.write("build-video: interrupted. Nothing was written.\n")
        return _TERMINATED if isinstance(error, _Terminated) else _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BuildVideoError as error:
        told = error
    except MemoryError:
        told = BuildVideoError("The memory is used up.", hint="Close other programs, or make a smaller picture.")
    except Exception as error:  # noqa: BLE001 - nobody should have to read a traceback
        told = BuildVideoError(
            f"A fault in build-video itself: {type(error).__name__}: {error}",
            expected="no such fault: please report it",
            hint="Run again with --debug, and send what it prints.",
        )
    from pipeline.console import print_error  # noqa: PLC0415 - only where something went wrong

    print_error(told, as_json="--json" in arguments)
    return told.exit_code
